//! SVG as text: the few elements that charts need.

use std::fmt::Write;

/// A picture that grows element by element.
#[derive(Debug, Clone, Default)]
pub struct Svg {
    body: String,
}

impl Svg {
    /// A path of this class.
    pub fn path(&mut self, class: &str, d: &str) {
        if !d.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{d}"/>"#);
        }
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(
            self.body,
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }

    /// A box; negative sizes count as 0.
    pub fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#
        );
    }

    /// A box that shows a text when it is pointed at.
    pub fn hit(&mut self, x: f64, y: f64, width: f64, height: f64, text: &str) {
        let _ = write!(
            self.body,
            r#"<rect class="hit" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}" data-t="{}"/>"#,
            width.max(0.5),
            escape(text)
        );
    }

    /// Text of this class; `anchor` is start, middle or end.
    pub fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        );
    }

    /// Another picture inside this one.
    pub fn place(&mut self, x: f64, y: f64, inner: &str) {
        let _ = write!(
            self.body,
            r#"<g transform="translate({x:.1} {y:.1})">{inner}</g>"#
        );
    }

    /// The elements without the element around them.
    pub fn into_body(self) -> String {
        self.body
    }
}

/// A text as it stands in HTML and SVG, also inside quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
