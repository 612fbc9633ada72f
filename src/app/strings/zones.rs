//! The texts of zones, lines and scene files.

use super::failures::{Explain, FailureText, zh};
use crate::model::labels::Language;
use crate::track::zones::{Anchor, Part, SceneFileError, SceneProblem};

strings! {
    /// The editor of zones and lines.
    Zones {
        title = "Zones and counting", "区域与计数";
        edit = "Draw zones and lines", "绘制区域和计数线";
        edit_hint =
            "Zones count what enters, stays in and leaves an area. Lines count what crosses them.",
            "区域统计进入、停留和离开的目标；计数线统计穿过的目标。";
        done = "Finish drawing", "完成绘制";
        editor = "Zone editor", "区域编辑器";
        zone = "zone", "区域";
        line = "line", "计数线";
        ground = "Ground", "地面";
        add_zone = "Add zone", "添加区域";
        add_line = "Add line", "添加计数线";
        add_ground = "Measure ground", "测量地面";
        undo = "Undo", "撤销";
        redo = "Redo", "重做";
        hint_idle =
            "Click a zone or line to select it, or add one in the side panel. Esc closes the editor.",
            "单击区域或计数线以选中，或在侧边栏中添加。按 Esc 关闭编辑器。";
        hint_selected =
            "Drag corners, edges or the whole shape. Del removes the selected corner, or else the shape.",
            "可拖动顶点、边或整个图形。按 Del 删除所选顶点；未选顶点时删除整个图形。";
        hint_zone =
            "Click the corners of the zone. Close it with Enter, a double click or a click on the first corner. Esc cancels.",
            "依次单击区域的各个顶点，按 Enter、双击或单击第一个顶点完成，按 Esc 取消。";
        hint_line =
            "Click both ends of the line. The arrow will point to the side that counts as “in”. Esc cancels.",
            "单击计数线的两个端点，箭头所指一侧为“进”。按 Esc 取消。";
        hint_ground =
            "Click the four corners of a rectangle on the ground whose sides you know, one after the other. Esc cancels.",
            "依次单击地面上一个已知边长的矩形的四个角。按 Esc 取消。";
        zone_counts: fn(usize, u32, u32) -> String =
            |inside, entries, exits| format!("{inside} inside · {entries} in · {exits} out"),
            |inside, entries, exits| format!("内 {inside} · 进 {entries} · 出 {exits}");
        line_counts: fn(u32, u32) -> String =
            |inward, outward| format!("{inward} in · {outward} out"),
            |inward, outward| format!("进 {inward} · 出 {outward}");
        ground_size: fn(f32, f32) -> String =
            |width, length| format!("{width} m × {length} m"),
            |width, length| format!("{width} 米 × {length} 米");
        colour = "Colour", "颜色";
        name = "Name", "名称";
        delete: fn(&str) -> String = |name| format!("Delete {name}"), |name| format!("删除 {name}");
        anchor = "Counted point", "计数点";
        anchor_hint = "The point of an object's box that must be inside the zone or cross the line.", "目标框上用于判断是否在区域内或穿过计数线的点。";
        classes = "Only these classes, e.g. car, bus", "仅统计这些类别，如：汽车, 公共汽车";
        classes_hint = "Class names or numbers, separated by commas. Empty: all classes.", "类别名称或编号，用逗号分隔；留空表示全部。";
        capacity = "Limited room", "容量限制";
        capacity_hint = "For parking spaces and queues: shows whether there is room.", "用于停车位和队列：显示是否还有空位。";
        width = "first to second corner", "第一角到第二角";
        length = "second to third corner", "第二角到第三角";
        ground_hint =
            "Speeds and distances are measured in metres on the plane through these corners.",
            "速度和距离按这四个角所在平面以米计算。";
        heat_map = "Heat map", "热力图";
        heat_off = "Off", "关闭";
        heat_decaying = "Fading", "逐渐消退";
        heat_cumulative = "Cumulative", "累计";
        distances = "Distances between objects", "目标间距离";
        distances_hint = "From each object to the nearest one: in metres if the ground is measured, else in pixels.", "每个目标到最近目标的距离：已测量地面时以米为单位，否则为像素。";
        exercise = "Exercise", "健身计数";
        exercise_hint = "Counts repetitions from the angle at a joint. Needs a pose model.", "根据关节角度统计动作次数，需要姿态模型。";
        elbow = "Arm curls, push-ups", "弯举、俯卧撑";
        knee = "Squats", "深蹲";
        hip = "Sit-ups", "仰卧起坐";
        reset = "Reset counts", "计数清零";
        import = "Import…", "导入…";
        export = "Export…", "导出…";
        exported: fn(&str) -> String = |name| format!("Saved as {name}"), |name| format!("已保存为 {name}");
        saved_in: fn(&str) -> String =
            |path| format!("Saved automatically in {path}"),
            |path| format!("自动保存在 {path}");
        key_edit = "Draw zones and lines", "绘制区域和计数线";
        scene_file = "Scene file", "场景文件";
    }
}

/// What an anchor is called.
#[must_use]
pub fn anchor_name(language: Language, anchor: Anchor) -> &'static str {
    let (english, chinese) = match anchor {
        Anchor::BottomCentre => ("Bottom centre", "底边中点"),
        Anchor::Centre => ("Centre", "中心"),
        Anchor::TopCentre => ("Top centre", "顶边中点"),
        Anchor::LeftCentre => ("Left centre", "左边中点"),
        Anchor::RightCentre => ("Right centre", "右边中点"),
        Anchor::TopLeft => ("Top left", "左上角"),
        Anchor::TopRight => ("Top right", "右上角"),
        Anchor::BottomLeft => ("Bottom left", "左下角"),
        Anchor::BottomRight => ("Bottom right", "右下角"),
    };
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// What is wrong with a shape or a scene file, as a sentence of its own.
#[must_use]
pub fn zone_problem(language: Language, problem: &SceneProblem) -> String {
    match language {
        Language::English => {
            let text = problem.to_string();
            let mut letters = text.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
        }
        Language::Chinese => chinese(problem),
    }
}

impl Explain for SceneFileError {
    fn english_fix(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Check that it is there and can be read.".into(),
            Self::Unwritable { .. } | Self::Wrong { .. } => String::new(),
        }
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取场景文件“{}”：{}。", path.display(), zh(reason)),
                "请确认文件存在且可读。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("无法保存场景文件“{}”：{}。", path.display(), zh(reason)),
                "请确认文件夹可写且磁盘有空间。",
            ),
            Self::Wrong { path, line, problem } => {
                let place = line.map(|line| format!("第 {line} 行")).unwrap_or_default();
                FailureText::new(format!("场景文件“{}”{place}有误。", path.display()), chinese(problem))
            }
        }
    }
}

fn part(part: &Part) -> String {
    match part {
        Part::Zone(name) => format!("区域“{name}”"),
        Part::Line(name) => format!("计数线“{name}”"),
        Part::Exercise(name) => format!("健身动作“{name}”"),
        Part::Nameless("zone", place) => format!("第 {place} 个区域"),
        Part::Nameless("line", place) => format!("第 {place} 条计数线"),
        Part::Nameless(_, place) => format!("第 {place} 个健身动作"),
        Part::Perspective => "透视设置".into(),
    }
}

fn chinese(problem: &SceneProblem) -> String {
    match problem {
        SceneProblem::NotText => "该文件不是文本文件，请另选文件。".into(),
        SceneProblem::TooLarge { limit } => format!("文件超过 {limit} 字节，不是场景文件，请另选文件。"),
        SceneProblem::Syntax { reason } => format!("不是有效的 TOML（“{reason}”），请更正。"),
        SceneProblem::Type { key, expected } => {
            format!("“{key}”的类型不对，应为：{}。", expectation(expected))
        }
        SceneProblem::Missing { what, key, example } => {
            format!("{}缺少“{key}”，请添加，例如“{example}”。", part(what))
        }
        SceneProblem::Point { what } => {
            format!("{}的某个点不是两个数字。请写成 [x, y]，从 0（左、上）到 1（右、下）。", part(what))
        }
        SceneProblem::Outside { what, x, y } => {
            format!("{}的点 [{x}, {y}] 在画面之外。坐标范围为 0 到 1：请将像素除以画面的宽和高。", part(what))
        }
        SceneProblem::Count { what, count, needed } => {
            format!("{}有 {count} 个点，需要{}。", part(what), expectation(needed))
        }
        SceneProblem::Flat { what } => {
            format!("{}没有面积：各顶点在一条直线上。请移动其中一个。", part(what))
        }
        SceneProblem::Crossing { what } => {
            format!("{}的边相互交叉。请按绕行一周的顺序排列顶点。", part(what))
        }
        SceneProblem::NoLength { what } => format!("{}的两个点相同。请移动其中一个。", part(what)),
        SceneProblem::Twice { name } => format!("名称“{name}”重复。请改名。"),
        SceneProblem::TooMany { limit, .. } => format!("图形多于 {limit} 个。请删除一些。"),
        SceneProblem::Colour { colour } => format!("“{colour}”不是颜色。请写成“#rrggbb”，例如“#ff8800”。"),
        SceneProblem::Word { name, known, .. } => format!("不认识“{name}”。可用：“{known}”。"),
        SceneProblem::Range { key, value, least, most } => {
            format!("“{key}”为 {value}，应在 {least} 到 {most} 之间。")
        }
        SceneProblem::Perspective => {
            "这四个点不能构成地面上的矩形：其中三点共线，或顺序交叉。请按绕行一周的顺序排列。".into()
        }
        SceneProblem::Angles { up, down } => {
            format!("伸直角度 {up}° 必须大于弯曲角度 {down}°，请更正。")
        }
    }
}

fn expectation(english: &str) -> &str {
    const ALL: [(&str, &str); 15] = [
        ("two", "两个"),
        ("at least three, its corners", "至少三个顶点"),
        ("128 at most", "最多 128 个"),
        ("four, the corners of a rectangle on the ground", "四个，即地面上矩形的四个角"),
        ("three joints, by name or by their place in the pose", "三个关节的名称或编号"),
        ("\u{201c}decaying\u{201d} or \u{201c}cumulative\u{201d}", "“decaying”或“cumulative”"),
        ("a text of 1 to 80 characters in one line", "一行 1 到 80 个字符的文本"),
        ("a list of points [x, y]", "点 [x, y] 的列表"),
        ("a number", "数字"),
        ("a whole number", "整数"),
        ("a list of class names or numbers, like [\"car\", \"bus\"]", "类别名称或编号的列表"),
        ("a table, under a line [name]", "表，写在 [名称] 行之下"),
        ("a list of tables, each under a line [[name]]", "表的列表，各写在 [[名称]] 行之下"),
        ("true or false", "真或假"),
        ("a text", "文本"),
    ];
    ALL.iter().find(|(known, _)| *known == english).map_or(english, |(_, chinese)| chinese)
}
