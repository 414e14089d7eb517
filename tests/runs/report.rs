//! The report as the command writes it: a picture in dots, and lines of a terminal.

use super::{on_a_deep_stack, run, with_strategy};
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output};

/// A folder with one run, closed.
async fn with_run() -> tempfile::TempDir {
    let (folder, engine) = with_strategy(2).await;
    let session = engine.session("tester");
    run(&session, "RUN BACKTEST sma_cross")
        .await
        .expect("a run");
    drop(session);
    engine.lake().close();
    folder
}

/// Writes the report of run 1 to a file, with the fonts that this configuration names.
fn report(folder: &Path, output: &Path, fonts: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quantlake"));
    command
        .env("QUANTLAKE_DATA", folder)
        .args(["report", "1", "-o"]);
    command.arg(output);
    if let Some(fonts) = fonts {
        command.env("FONTCONFIG_FILE", fonts);
    }
    command.output().expect("quantlake runs")
}

/// Red, green and blue of a dot.
fn rgb(dot: &PremultipliedColorU8) -> [u8; 3] {
    [dot.red(), dot.green(), dot.blue()]
}

/// How many dots of some rows are nearly black, as the letters of the heading are.
fn dark_dots(picture: &Pixmap, rows: std::ops::Range<u32>) -> usize {
    let width = picture.width() as usize;
    let rows = rows.start as usize * width..rows.end as usize * width;
    let dots = picture.pixels().get(rows).unwrap_or_default();
    let is_dark = |dot: &[u8; 3]| dot.iter().all(|part| *part < 60);
    dots.iter().map(rgb).filter(is_dark).count()
}

#[test]
fn a_png_shows_the_name_and_the_charts() {
    on_a_deep_stack(async {
        let folder = with_run().await;
        let file = folder.path().join("report.png");
        let done = report(folder.path(), &file, None);
        let said = String::from_utf8_lossy(&done.stderr);
        if said.contains("no fonts") {
            eprintln!("this machine has no fonts; on Debian: apt-get install fonts-dejavu-core");
            return;
        }
        assert!(done.status.success(), "{said}");
        let bytes = std::fs::read(&file).expect("the picture");
        let picture = Pixmap::decode_png(&bytes).expect("a PNG");
        assert_eq!(picture.width(), 2000);
        assert!(picture.height() > 2000, "{} rows", picture.height());
        let colours: HashSet<_> = picture.pixels().iter().map(rgb).collect();
        assert!(colours.len() > 100, "{} colours", colours.len());
        assert!(dark_dots(&picture, 40..100) > 500, "the name is not drawn");
        // The line of the equity, in its own colour.
        let blue = picture.pixels().iter().map(rgb);
        let n_blue = blue.filter(|dot| *dot == [0x25, 0x63, 0xc9]).count();
        assert!(n_blue > 1000, "{n_blue} dots of the equity");
    });
}

#[test]
fn without_fonts_there_is_no_png_and_the_error_says_what_to_do() {
    on_a_deep_stack(async {
        let folder = with_run().await;
        let nothing = folder.path().join("nothing");
        std::fs::create_dir(&nothing).expect("a folder");
        let fonts = folder.path().join("fonts.conf");
        let text = format!("<fontconfig><dir>{}</dir></fontconfig>", nothing.display());
        std::fs::write(&fonts, text).expect("a configuration");
        let file = folder.path().join("report.png");
        let refused = report(folder.path(), &file, Some(&fonts));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(
            said.contains("this machine has no fonts to draw text with"),
            "{said}"
        );
        assert!(said.contains("fonts-dejavu-core"), "{said}");
        assert!(!file.exists());
        let page = folder.path().join("report.html");
        assert!(report(folder.path(), &page, Some(&fonts)).status.success());
    });
}

#[test]
fn charts_in_the_terminal_fit_eighty_columns() {
    on_a_deep_stack(async {
        let folder = with_run().await;
        let done = report(folder.path(), Path::new("-"), None);
        assert!(done.status.success());
        let text = String::from_utf8(done.stdout).expect("UTF-8");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for part in [
            "Equity",
            "Drawdown",
            "Sharpe ratio of the last",
            "Net exposure",
            "Monthly returns, percent",
            "How honest is this?",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let braille = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
        let drawn = text.lines().filter(|line| line.contains(braille));
        assert!(drawn.count() >= 20, "{text}");
    });
}
