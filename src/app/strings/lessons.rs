//! The texts of the lessons' page and panel. The lessons' own texts are in their files.

use super::failures::{Explain, FailureText, zh};
use crate::learn::lessons::{LessonError, LessonProblem};

strings! {
    /// The list of lessons, and the one that is being taken.
    Lessons {
        title = "Lessons", "课程";
        key = "Lessons: how networks see", "课程：网络怎样看图";
        key_answer = "In a lesson: answer 1 to 6", "课程中：选择答案 1 到 6";
        key_step = "In a lesson: back, next", "课程中：上一步、下一步";
        intro =
            "Short lessons that set up the window, ask a question and react to your answer. When a lesson is closed, your source, model and thresholds are as they were.",
            "这些短小的课程会自动设置窗口、提出问题，并对你的回答作出反应。关闭课程后，来源、模型和阈值都会恢复原样。";
        minutes: fn(u32, usize) -> String =
            |minutes, steps| format!("{minutes} min · {steps} steps"),
            |minutes, steps| format!("{minutes} 分钟 · {steps} 步");
        right_of: fn(usize, usize) -> String =
            |right, all| format!("{right} of {all} right"),
            |right, all| format!("答对 {right}/{all}");
        begin = "Begin", "开始";
        go_on = "Continue", "继续";
        again = "Take it again", "重新学习";
        done = "Done", "已完成";
        begin_named: fn(&str) -> String = |title| format!("Begin “{title}”"), |title| format!("开始“{title}”");
        go_on_named: fn(&str) -> String = |title| format!("Continue “{title}”"), |title| format!("继续“{title}”");
        again_named: fn(&str) -> String =
            |title| format!("Take “{title}” again"),
            |title| format!("重新学习“{title}”");
        broken = "This lesson can’t be taken", "无法打开此课程";
        own = "Your own lessons", "自己的课程";
        own_text: fn(&str) -> String =
            |folder| format!("A lesson is a text file (TOML). Put yours into {folder} and open this page again; docs/lessons.md describes the format."),
            |folder| format!("课程是一个文本文件（TOML）。把你的文件放进 {folder}，再重新打开此页；格式见 docs/lessons.zh.md。");
        preparing = "Preparing the pictures…", "正在准备图片…";
        no_pictures: fn(&str) -> String =
            |why| format!("The lessons’ pictures can’t be written: {why}. Check that the disk has space and that the data folder can be written."),
            |why| format!("无法写入课程图片：{why}。请确认磁盘有空间，且数据文件夹可写。");

        // The panel.
        step_of: fn(usize, usize) -> String = |n, all| format!("Step {n} of {all}"), |n, all| format!("第 {n} 步，共 {all} 步");
        question = "Question", "问题";
        task = "Try it", "动手试试";
        answer = "Your answer", "你的答案";
        check = "Check", "检查";
        not_a_number = "Please enter a number, such as 12 or 0.5.", "请输入数字，例如 12 或 0.5。";
        not_known =
            "This depends on the running model and the picture. Choose “Set up again”, and wait until both are there.",
            "答案取决于正在运行的模型和图片。请选择“重新设置”，并等到两者都就绪。";
        waiting = "Waiting for you to do it…", "等待你完成操作…";
        hint = "Hint", "提示";
        paper = "Paper", "论文";
        back = "Back", "上一步";
        next = "Next", "下一步";
        skip = "Skip", "跳过";
        finish = "Finish", "完成";
        set_up = "Set up again", "重新设置";
        set_up_hint = "Show the picture, model and thresholds of this step again.", "重新显示这一步的图片、模型和阈值。";
        close = "Close the lesson", "关闭课程";
        finished = "Lesson completed", "课程完成";
        finished_text: fn(usize, usize) -> String =
            |right, all| format!("You answered {right} of {all} questions right. Your source, model and thresholds come back when you close the lesson."),
            |right, all| format!("{all} 个问题中，你答对了 {right} 个。关闭课程后，来源、模型和阈值会恢复原样。");
        next_lesson: fn(&str) -> String = |title| format!("Next: {title}"), |title| format!("下一课：{title}");
        all_lessons = "All lessons", "全部课程";
        missing = "A model is missing", "缺少模型";
        missing_text: fn(&str, &str) -> String =
            |name, command| format!("This step shows {name}. Get it here or with “{command}”, or go on without it: text and question are still there."),
            |name, command| format!("这一步要用 {name}。可以在这里获取，或使用“{command}”；没有它也能继续：文字和问题仍可使用。");
        get: fn(&str) -> String = |name| format!("Get {name}"), |name| format!("获取 {name}");
        getting = "Downloading…", "正在下载…";
        right = "Right", "正确";
        not_yet = "Not yet", "还不对";
    }
}

impl Explain for LessonError {
    fn english_fix(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Check that it is there and can be read.".into(),
            Self::Wrong { .. } => String::new(),
        }
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取课程“{}”：{}。", path.display(), zh(reason)),
                "请确认文件存在且可读。",
            ),
            Self::Wrong { path, line, problem } => {
                let place = line.map(|line| format!("第 {line} 行")).unwrap_or_default();
                FailureText::new(format!("课程“{}”{place}有误。", path.display()), chinese(problem))
            }
        }
    }
}

fn meant(close: Option<&str>) -> String {
    close.map(|close| format!("是否应为“{close}”？")).unwrap_or_default()
}

fn chinese(problem: &LessonProblem) -> String {
    match problem {
        LessonProblem::NotText => "该文件不是 UTF-8 文本文件，请另存为文本。".into(),
        LessonProblem::TooLarge { limit } => format!("文件超过 {limit} 字节，请分成两课。"),
        LessonProblem::Syntax { reason } => format!("不是有效的 TOML（“{reason}”），请更正。"),
        LessonProblem::Key { key, close, known, .. } => {
            format!("不认识键“{key}”。{}这里可用：“{known}”。", meant(*close))
        }
        LessonProblem::Missing { key, example, .. } => format!("缺少“{key}”，请添加，例如“{example}”。"),
        LessonProblem::Type { key, expected } => {
            format!("“{key}”的类型不对，应为：{}。", expectation(expected))
        }
        LessonProblem::Empty { key } => format!("“{key}”为空，请填写文本。"),
        LessonProblem::TooLong { key, count, limit } => {
            format!("“{key}”有 {count} 个字符，最多 {limit} 个，请缩短。")
        }
        LessonProblem::Range { key, value, least, most } => {
            format!("“{key}”为 {value}，应在 {least} 到 {most} 之间。")
        }
        LessonProblem::Word { key, name, close, known } => {
            format!("“{key}”中不认识“{name}”。{}可用：“{known}”。", meant(*close))
        }
        LessonProblem::Count { key, count, least, most } => {
            format!("“{key}”有 {count} 个，应为 {least} 到 {most} 个。")
        }
        LessonProblem::Questions { count } => {
            format!("这一步有 {count} 个问题。请只写一个：“[step.choice]”、“[step.number]”或“[step.do]”。")
        }
        LessonProblem::Right { count } => {
            format!("有 {count} 个选项是正确的。请只在一个选项中写“right = true”。")
        }
        LessonProblem::Link { text } => format!("链接“{text}”必须以“https://”开头，且不含空格。"),
        LessonProblem::Picture { name } => format!("“{name}”必须是课程旁边的文件名，不带文件夹。"),
        LessonProblem::Condition { text } => {
            format!("“{text}”不是条件。请写成“boxes >= 5”、“confidence <= 0.2”或“page = inside”。")
        }
        LessonProblem::TwoSources => "“sample”和“picture”同时存在，请只保留一个。".into(),
        LessonProblem::Id { id } => {
            format!("“{id}”应由小写字母、数字和连字符组成，最多 40 个，例如“my-lesson”。")
        }
    }
}

fn expectation(english: &str) -> &str {
    const ALL: [(&str, &str); 5] = [
        ("a table", "表"),
        ("a list", "列表"),
        ("a text in quotes", "引号中的文本"),
        ("true or false", "真或假"),
        ("a number", "数字"),
    ];
    ALL.iter().find(|(known, _)| *known == english).map_or(english, |(_, chinese)| chinese)
}
