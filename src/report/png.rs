//! The picture of a report as PNG, drawn by `resvg` with the machine's fonts.

use quantlake_core::{QlError, SqlState};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, FaceInfo, Style, Weight};
use resvg::usvg::{Options, Tree};
use std::fmt::Display;
use std::sync::Arc;

/// Dots for each pixel of the picture, so that it is sharp on fine screens and on paper.
const SCALE: f32 = 2.0;

/// Draws an SVG.
///
/// # Errors
/// 58P01 when the machine has no fonts; XX000 when the SVG is not one, which is our mistake.
pub fn png(svg: &str) -> Result<Vec<u8>, QlError> {
    draw(svg, machine_fonts()?)
}

/// The fonts of the machine. `resvg` looks for a text's families and then for the serif family
/// alone, and leaves the text out when it has neither: so that family has to be one that is there.
fn machine_fonts() -> Result<Database, QlError> {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let plainest = fonts.faces().min_by_key(|face| oddness(face));
    let family = plainest.and_then(|face| face.families.first());
    let (family, _) = family.ok_or_else(no_fonts)?.clone();
    fonts.set_serif_family(family);
    Ok(fonts)
}

/// How far a face is from a proportional, upright and regular one.
fn oddness(face: &FaceInfo) -> usize {
    let odd = [
        face.monospaced,
        face.style != Style::Normal,
        face.weight != Weight::NORMAL,
    ];
    odd.into_iter().filter(|is_odd| *is_odd).count()
}

fn draw(svg: &str, fonts: Database) -> Result<Vec<u8>, QlError> {
    let options = Options {
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(not_drawn)?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let dots = size.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut dots = dots.ok_or_else(|| not_drawn("it is too large"))?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut dots.as_mut());
    dots.encode_png().map_err(not_drawn)
}

fn no_fonts() -> QlError {
    let message = "report: this machine has no fonts to draw text with";
    QlError::new(SqlState::UndefinedFile, message).with_hint(
        "Install some, such as the package fonts-dejavu-core, or write .svg or .html instead",
    )
}

fn not_drawn(reason: impl Display) -> QlError {
    QlError::internal(format!("the picture cannot be drawn: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_the_colours_of_their_class_and_twice_their_size() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"3\">\
            <style>.a { fill: #ff0000; }</style><rect width=\"4\" height=\"3\" fill=\"#ffffff\"/>\
            <rect class=\"a\" x=\"1\" width=\"1\" height=\"3\"/></svg>";
        let file = draw(svg, Database::new()).expect("a picture");
        let dots = Pixmap::decode_png(&file).expect("a PNG");
        assert_eq!((dots.width(), dots.height()), (8, 6));
        let at = |x| dots.pixel(x, 3).map(|p| (p.red(), p.green(), p.blue()));
        let (white, red) = (Some((255, 255, 255)), Some((255, 0, 0)));
        assert_eq!([1, 2, 3, 4].map(at), [white, red, red, white]);
    }

    #[test]
    fn what_is_no_svg_is_our_mistake() {
        let error = draw("<svg", Database::new()).expect_err("not an SVG");
        assert_eq!(error.state, SqlState::Internal);
    }
}
