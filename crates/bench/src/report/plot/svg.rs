//! The small part of SVG that plots need.

use std::fmt::Write as _;

/// Colours that are also distinct for colour-blind readers (after Okabe and Ito), on white.
const COLOURS: &[&str] = &[
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];
pub(super) const GREY: &str = "#d8d8d8";
pub(super) const INK: &str = "#222222";

/// The colour of the n-th server.
pub(super) fn colour(number: usize) -> &'static str {
    COLOURS.get(number % COLOURS.len()).copied().unwrap_or(INK)
}

/// The position of a text relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture.
pub(super) struct Picture {
    body: String,
    width: f64,
    height: f64,
}

impl Picture {
    /// A white picture, with a title for screen readers.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut picture = Self {
            body: String::new(),
            width,
            height,
        };
        let _ = writeln!(picture.body, "<title>{}</title>", escaped(title));
        let _ = writeln!(
            picture.body,
            r##"<rect width="{width:.0}" height="{height:.0}" fill="#ffffff"/>"##
        );
        picture.text(16.0, 24.0, title, Anchor::Start, 15, INK);
        picture
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, anchor: Anchor, size: u32, colour: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{}</text>"#,
            escaped(text)
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="{width}"/>"#,
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}" fill="{colour}"/>"#,
            width.max(0.0)
        );
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>"#,
            joined(points)
        );
    }

    pub(super) fn area(&mut self, points: &[(f64, f64)], colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<polygon points="{}" fill="{colour}" fill-opacity="0.15"/>"#,
            joined(points)
        );
    }

    /// Draws the legend: the colour of each server, one below the other.
    pub(super) fn legend(&mut self, x: f64, y: f64, servers: &[&str], shown: impl Fn(usize) -> bool) {
        let mut place = y;
        for (number, server) in servers.iter().enumerate().filter(|(number, _)| shown(*number)) {
            self.bar(x, place - 10.0, 12.0, 12.0, colour(number));
            self.text(x + 18.0, place, server, Anchor::Start, 12, INK);
            place += 18.0;
        }
    }

    pub(super) fn finish(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" \
             height=\"{h:.0}\" font-family=\"system-ui, sans-serif\">\n{}</svg>\n",
            self.body,
            w = self.width,
            h = self.height,
        )
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers_do_no_harm() {
        let picture = Picture::new(10.0, 10.0, "<a & \"b\">").finish();
        assert!(picture.contains("&lt;a &amp; &quot;b&quot;&gt;"), "{picture}");
        assert!(!picture.contains("<a "));
    }
}
