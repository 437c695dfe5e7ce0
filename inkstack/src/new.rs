//! `inkstack new`: a file for a post that is yet to be written.

use anyhow::Context;
use domain::PostPath;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `inkstack new` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The post's title.
    title: String,
    /// The folder with the posts.
    #[arg(long, value_name = "DIR", default_value = ".")]
    content: PathBuf,
    /// The post's day, `YYYY-MM-DD`; today in the blog's time zone if it is not given.
    #[arg(long)]
    date: Option<Date>,
    /// Keep it out of releases until `draft: true` is removed from its header.
    #[arg(long)]
    draft: bool,
}

/// Writes the post's file, which must not be there, and prints its name.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let title = arguments.title.trim();
    let settings = site::Settings::read(&arguments.content)?;
    let date = match arguments.date {
        Some(date) => date,
        None => Timestamp::now().to_zoned(settings.zone()?).date(),
    };
    let path = arguments.content.join(name(title, date)?);
    write(&path, &text(title, date, arguments.draft)?)
        .with_context(|| format!("{} is not written", path.display()))?;
    writeln!(std::io::stdout(), "{}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// `2019/191013-deploying-a-cluster.md`: a folder for each year, and names in the order of days.
fn name(title: &str, date: Date) -> anyhow::Result<PathBuf> {
    let slug = slug(title);
    anyhow::ensure!(!slug.is_empty(), "the title `{title}` has no letter for the file's name");
    let name = format!("{}/{}-{slug}.md", date.year(), date.strftime("%y%m%d"));
    let path = PostPath::parse(&format!("blog/{name}"));
    path.with_context(|| format!("the title `{title}` gives no path: write a shorter one"))?;
    Ok(name.into())
}

/// The title's letters and digits of any script, in lower case, with `-` for all between.
fn slug(title: &str) -> String {
    let letters = title.to_lowercase();
    let words = letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// A header with every field that a post should have, and room for the text.
fn text(title: &str, date: Date, is_draft: bool) -> anyhow::Result<String> {
    // A JSON string is one of YAML too, whatever the title holds.
    let title = serde_json::to_string(title)?;
    let draft = if is_draft { "draft: true\n" } else { "" };
    Ok(format!(
        "```yaml lw-blog-meta\ntitle: {title}\ndate: \"{date}\"\nbrev: \"\"\ntags: []\n{draft}```\n\n"
    ))
}

/// Creates the file and the folder of its year. One that is there stays as it is.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_day_and_the_titles_letters() {
        let date: Date = "2019-10-13".parse().unwrap();
        for (title, wanted) in [
            ("Deploying a Cluster: part 2", "2019/191013-deploying-a-cluster-part-2.md"),
            ("使用Gitlab-CI 部署集群", "2019/191013-使用gitlab-ci-部署集群.md"),
            ("../../etc", "2019/191013-etc.md"),
        ] {
            assert_eq!(name(title, date).unwrap(), Path::new(wanted));
        }
        assert!(name("?!", date).is_err());
        assert!(name(&"墨".repeat(200), date).is_err());
    }
}
