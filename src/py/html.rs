//! Small pieces of HTML for notebooks: every text escaped, nothing loaded, at most 50 rows.

use std::fmt::Write as _;

const ROWS: usize = 50;

/// A summary and a table under it; a caption says what was left out.
pub(super) fn table<const N: usize>(summary: &str, header: [&str; N], rows: &[[&str; N]]) -> String {
    let mut html = format!("<p>{}</p>", escaped(summary));
    if rows.is_empty() {
        return html;
    }
    html.push_str("<table>");
    if rows.len() > ROWS {
        let _ = write!(html, "<caption>The first {ROWS} of {}</caption>", rows.len());
    }
    html.push_str("<thead><tr>");
    for name in header {
        let _ = write!(html, "<th scope=\"col\">{name}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows.iter().take(ROWS) {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td>{}</td>", escaped(cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
