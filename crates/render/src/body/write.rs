//! Writing the tree: comrak's HTML, but for what a page needs otherwise.

use crate::anchor::Anchors;
use crate::html::escaped;
use crate::language::Words;
use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::html::{ChildRendering, Context, format_document_with_formatter, format_node_default};
use comrak::nodes::{AlertType, Node, NodeAlert, NodeValue, Sourcepos};
use comrak::{Options, options::Plugins};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The HTML of the tree at `root`.
pub(super) fn html(
    root: Node<'_>,
    options: &Options,
    headings: &Headings,
    words: &'static Words,
    bytes: usize,
) -> String {
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(headings);
    let mut html = String::with_capacity(bytes * 3 / 2);
    format_document_with_formatter(root, options, &mut html, &plugins, node, words)
        .unwrap_or_else(|_: fmt::Error| unreachable!("a string takes whatever is written to it"));
    // Attributes that comrak writes and HTML no longer has; quotes in text are escaped, so that
    // nothing else can look like them.
    for (old, new) in [
        (" align=\"left\">", " class=\"left\">"),
        (" align=\"center\">", " class=\"centre\">"),
        (" align=\"right\">", " class=\"right\">"),
    ] {
        html = html.replace(old, new);
    }
    html.replace("aria-label=\"Back to reference ", &format!("aria-label=\"{} ", words.back))
}

fn node(
    context: &mut Context<&'static Words>,
    node: Node<'_>,
    entering: bool,
) -> Result<ChildRendering, fmt::Error> {
    let words = context.user;
    match &node.data().value {
        NodeValue::Table(_) if entering => {
            // The table moves sideways in this, instead of pushing the page apart.
            context.write_str("<div class=\"table\" tabindex=\"0\">\n")?;
            format_node_default(context, node, entering)
        }
        NodeValue::Table(_) => {
            format_node_default(context, node, entering)?;
            context.write_str("</div>\n")?;
            Ok(ChildRendering::HTML)
        }
        NodeValue::Alert(alert) => write_alert(context, alert, words, entering),
        NodeValue::TaskItem(task) if entering => {
            let (class, label) = match task.symbol {
                Some(_) => ("done", words.done),
                None => ("open", words.open),
            };
            write!(
                context,
                "<li class=\"task {class}\"><span role=\"img\" aria-label=\"{label}\"></span> "
            )?;
            Ok(ChildRendering::HTML)
        }
        NodeValue::TaskItem(_) => {
            context.write_str("</li>\n")?;
            Ok(ChildRendering::HTML)
        }
        _ => format_node_default(context, node, entering),
    }
}

fn write_alert(
    context: &mut Context<&'static Words>,
    alert: &NodeAlert,
    words: &Words,
    entering: bool,
) -> Result<ChildRendering, fmt::Error> {
    if !entering {
        context.write_str("</div>\n")?;
        return Ok(ChildRendering::HTML);
    }
    let (kind, title) = match alert.alert_type {
        AlertType::Note => ("note", 0),
        AlertType::Tip => ("tip", 1),
        AlertType::Important => ("important", 2),
        AlertType::Warning => ("warning", 3),
        AlertType::Caution => ("caution", 4),
    };
    let title = alert.title.as_deref().map_or_else(|| words.alerts[title].to_owned(), escaped);
    write!(
        context,
        "<div class=\"alert {kind}\" role=\"note\">\n<p class=\"alert-title\">{title}</p>\n"
    )?;
    Ok(ChildRendering::HTML)
}

/// Writes headings with their anchors, which were assigned in the same order, below the title of
/// the page: the outermost is `<h2>`, and none is more than one level below that before it.
pub(super) struct Headings<'a> {
    anchors: &'a [Anchors],
    depths: &'a [usize],
    next: AtomicUsize,
}

impl<'a> Headings<'a> {
    pub(super) fn new(anchors: &'a [Anchors], depths: &'a [usize]) -> Self {
        Self { anchors, depths, next: AtomicUsize::new(0) }
    }

    fn rank(&self, index: usize) -> usize {
        self.depths.get(index).map_or(2, |depth| (depth + 2).min(6))
    }
}

impl HeadingAdapter for Headings<'_> {
    fn enter(&self, output: &mut dyn Write, _: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let rank = self.rank(index);
        let Some(anchors) = self.anchors.get(index) else { return write!(output, "<h{rank}>") };
        write!(output, "<h{rank} id=\"{}\">", escaped(&anchors.id))?;
        anchors
            .aliases
            .iter()
            .try_for_each(|alias| write!(output, "<span id=\"{}\"></span>", escaped(alias)))
    }

    fn exit(&self, output: &mut dyn Write, _: &HeadingMeta) -> fmt::Result {
        let index = self.next.load(Ordering::Relaxed).saturating_sub(1);
        if let Some(anchors) = self.anchors.get(index) {
            let id = escaped(&anchors.id);
            // The outline is the way for keyboards and screen readers; this one is for pointers.
            write!(
                output,
                "<a class=\"anchor\" href=\"#{id}\" aria-hidden=\"true\" tabindex=\"-1\"></a>"
            )?;
        }
        writeln!(output, "</h{}>", self.rank(index))
    }
}
