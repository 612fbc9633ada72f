//! What was found, for people.

use std::fmt::Write as _;

use super::answer::Answer;
use crate::cli::output::{printable, size, table};
use crate::learn::teach::{Advice, Measured};

/// Larger tables of confusion are told as the most frequent confusions.
const MATRIX: usize = 12;
/// So many of them.
const CONFUSIONS: usize = 10;
/// So many of the least certain images.
const UNCERTAIN: usize = 5;

/// The whole answer.
pub(super) fn of(answer: &Answer) -> String {
    let mut text = String::new();
    let backbone = &answer.backbone;
    let hash: String = backbone.sha256.chars().take(8).collect();
    let _ = writeln!(
        text,
        "Backbone: {} ({hash}), cut at \u{201c}{}\u{201d}, {} numbers: {}.\n",
        printable(&backbone.model),
        printable(&backbone.tensor),
        backbone.numbers,
        backbone.evidence
    );
    let held_out = answer.held_out.is_some();
    let mut rows = vec![vec!["Class".to_owned(), "Images".into()]];
    rows[0].extend(held_out.then(|| "Held out".to_owned()));
    for class in &answer.classes {
        let mut row = vec![class.name.clone(), class.examples.to_string()];
        row.extend(held_out.then(|| class.held_out.to_string()));
        rows.push(row);
    }
    let _ = writeln!(text, "{}\n", table(&rows, &[false, true, true]));
    if answer.folds == 0 {
        let _ = writeln!(
            text,
            "No cross-validation: a class has one image only. The head is \u{201c}{}\u{201d}.\n",
            answer.head.name()
        );
    } else {
        let mut rows =
            vec![["Head", "Accuracy", "95 % interval", "Log loss", ""].map(str::to_owned).to_vec()];
        for head in &answer.cross_validation {
            let mark = if head.head == answer.head { "chosen" } else { "" };
            rows.push(figures(head.head.name(), &head.measured, mark));
        }
        let _ = writeln!(
            text,
            "Cross-validation in {} folds:\n{}\n",
            answer.folds,
            table(&rows, &[false, true, true, true, false])
        );
    }
    let chosen = answer.cross_validation.iter().find(|head| head.head == answer.head);
    if let Some(chosen) = chosen {
        confusion(&mut text, answer, &chosen.measured);
        uncertain(&mut text, answer, &chosen.measured);
    }
    if let Some(measured) = &answer.held_out {
        let rows = vec![["Held out", "Accuracy", "95 % interval", "Log loss"].map(str::to_owned).to_vec(), {
            let mut row = figures(answer.head.name(), measured, "");
            row.pop();
            row
        }];
        let _ = writeln!(text, "{}\n", table(&rows, &[false, true, true, true]));
        confusion(&mut text, answer, measured);
        uncertain(&mut text, answer, measured);
    }
    if let Some((most, fewest)) = &answer.imbalance {
        let _ = writeln!(
            text,
            "\u{201c}{}\u{201d} has more than three times as many images as \u{201c}{}\u{201d}: even them out, else the larger class wins where \
             both would do.",
            printable(most),
            printable(fewest)
        );
    }
    for advice in &answer.advice {
        let _ = writeln!(text, "Collect next: {}", advised(answer, advice));
    }
    let images = answer.classes.iter().map(|class| class.examples + class.held_out).sum::<usize>().max(1);
    let _ = write!(
        text,
        "\nEmbeddings {:.1} s ({:.0} ms an image), training and cross-validation {:.2} s",
        answer.times.embed_ms / 1000.0,
        answer.times.embed_ms / images as f64,
        answer.times.train_ms / 1000.0
    );
    if let Some(ms) = answer.times.verify_ms {
        let _ = write!(text, ", saving and verifying {:.1} s", ms / 1000.0);
    }
    text.push_str(".\n");
    if let Some(saved) = &answer.saved {
        let place = saved.path.display().to_string();
        let _ = writeln!(
            text,
            "Saved \u{201c}{}\u{201d} ({}). Verified on {} images: its scores differ from the head\u{2019}s by {:.1e} at most.",
            printable(&place),
            size(saved.bytes),
            saved.verified,
            saved.difference
        );
    }
    text.trim_end().to_owned()
}

fn figures(name: &str, measured: &Measured, mark: &str) -> Vec<String> {
    let accuracy = measured.accuracy;
    vec![
        name.to_owned(),
        format!("{:.1} % ({} of {})", accuracy.share * 100.0, measured.correct, measured.count),
        format!("{:.1}\u{2013}{:.1} %", accuracy.low * 100.0, accuracy.high * 100.0),
        format!("{:.3}", measured.log_loss),
        mark.to_owned(),
    ]
}

fn name(answer: &Answer, class: usize) -> &str {
    answer.classes.get(class).map_or("?", |class| &class.name)
}

fn confusion(text: &mut String, answer: &Answer, measured: &Measured) {
    let rows = &measured.confusion.rows;
    if rows.len() <= MATRIX {
        let mut cells = vec![vec!["is \\ taken for".to_owned()]];
        cells[0].extend(answer.classes.iter().map(|class| class.name.clone()));
        for (index, row) in rows.iter().enumerate() {
            let mut line = vec![name(answer, index).to_owned()];
            line.extend(row.iter().map(ToString::to_string));
            cells.push(line);
        }
        let right: Vec<bool> = (0..=rows.len()).map(|column| column > 0).collect();
        let _ = writeln!(text, "{}\n", table(&cells, &right));
        return;
    }
    let all = rows
        .iter()
        .enumerate()
        .flat_map(|(is, row)| row.iter().enumerate().map(move |(taken, n)| (*n, is, taken)));
    let mut wrong: Vec<(usize, usize, usize)> = all.filter(|(n, is, taken)| *n > 0 && is != taken).collect();
    wrong.sort_by_key(|(n, is, taken)| (usize::MAX - n, *is, *taken));
    for (n, is, taken) in wrong.iter().take(CONFUSIONS) {
        let (is, taken) = (name(answer, *is), name(answer, *taken));
        let _ = writeln!(
            text,
            "\u{201c}{}\u{201d} was taken for \u{201c}{}\u{201d}: {n}",
            printable(is),
            printable(taken)
        );
    }
    if !wrong.is_empty() {
        text.push('\n');
    }
}

fn uncertain(text: &mut String, answer: &Answer, measured: &Measured) {
    if measured.uncertain.is_empty() {
        return;
    }
    let mut rows = vec![["Least certain", "Class", "Taken for", "Its own score"].map(str::to_owned).to_vec()];
    for one in measured.uncertain.iter().take(UNCERTAIN) {
        let path = one.path.strip_prefix(&answer.project).unwrap_or(&one.path);
        let taken = if one.taken_for == one.class { "" } else { name(answer, one.taken_for) };
        rows.push(vec![
            path.display().to_string(),
            name(answer, one.class).to_owned(),
            taken.to_owned(),
            format!("{:.2}", one.score),
        ]);
    }
    let _ = writeln!(text, "{}\n", table(&rows, &[false, false, false, true]));
}

fn advised(answer: &Answer, advice: &Advice) -> String {
    let name = |class: &usize| printable(name(answer, *class)).into_owned();
    match advice {
        Advice::Few { class, count } => {
            format!("more images of \u{201c}{}\u{201d}, which has {count}.", name(class))
        }
        Advice::Confused { class, with, times } => format!(
            "images of \u{201c}{}\u{201d} and \u{201c}{}\u{201d} that look alike: they were confused {times} times.",
            name(class),
            name(with)
        ),
        Advice::OneTake { classes } => {
            let names: Vec<String> =
                classes.iter().map(|class| format!("\u{201c}{}\u{201d}", name(class))).collect();
            format!(
                "images of {} in another place or at another time: all of a class have names that differ only in a number, as if they were taken \
                 in one go. Images that are nearly alike make the accuracy look better than it is.",
                names.join(", ")
            )
        }
        Advice::Vary => "images in other places, light and distances; in these, nothing is confused.".into(),
    }
}
