//! The few words that a body says by itself, in the language of the post.

/// What a body says beside the writer's own text.
#[derive(Debug)]
pub(crate) struct Words {
    /// Titles of notes, tips, important ones, warnings and cautions.
    pub(crate) alerts: [&'static str; 5],
    /// Before the number of a footnote's reference.
    pub(crate) back: &'static str,
    pub(crate) done: &'static str,
    pub(crate) open: &'static str,
    pub(crate) show_less: &'static str,
    /// What stands around the number of lines.
    show_all: (&'static str, &'static str),
}

const CHINESE: Words = Words {
    alerts: ["注", "提示", "要点", "警告", "当心"],
    back: "回到引用处",
    done: "已完成",
    open: "未完成",
    show_less: "收起",
    show_all: ("展开全部 ", " 行"),
};

const ENGLISH: Words = Words {
    alerts: ["Note", "Tip", "Important", "Warning", "Caution"],
    back: "Back to reference",
    done: "Done",
    open: "To do",
    show_less: "Show less",
    show_all: ("Show all ", " lines"),
};

impl Words {
    /// The words of a BCP 47 language: Chinese, or else English.
    pub(crate) fn of(language: &str) -> &'static Self {
        if language.starts_with("zh") { &CHINESE } else { &ENGLISH }
    }

    pub(crate) fn show_all(&self, lines: usize) -> String {
        format!("{}{lines}{}", self.show_all.0, self.show_all.1)
    }
}
