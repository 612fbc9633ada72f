//! The texts of the page of events and rules, and of privacy.

use super::language::pick;
use crate::events::{Action, Direction, Problem, Rule, When};
use crate::model::labels::Language;

strings! {
    /// Events, rules and privacy.
    Events {
        title = "Events and rules", "事件与规则";
        events: fn(u64) -> String = |n| format!("Events ({n})"), |n| format!("事件（{n}）");
        rules: fn(usize) -> String = |n| format!("Rules ({n})"), |n| format!("规则（{n}）");
        search = "Search events", "搜索事件";
        all_rules = "All rules", "全部规则";
        all_classes = "All classes", "全部类别";
        any_time = "Any time", "全部时间";
        last_hour = "Last hour", "最近一小时";
        last_day = "Last 24 hours", "最近 24 小时";
        last_week = "Last 7 days", "最近 7 天";
        time = "Time", "时间";
        loading = "Loading…", "正在加载…";
        nothing = "No events yet", "还没有事件";
        nothing_text =
            "A rule says what you want to hear of: \"a car stays in the drive for 10 seconds\". Each time that it fires, an event with a picture is listed here.",
            "规则说明您想知道什么，例如“汽车在车道停留 10 秒”。规则每次触发时，这里会列出带图片的事件。";
        nothing_fits = "No matching events.", "没有匹配的事件。";
        first_rule = "Create a rule", "新建规则";
        more = "Show older events", "显示更早的事件";
        export = "Export", "导出";
        export_csv = "As a table (CSV)", "表格（CSV）";
        export_jsonl = "As JSON Lines", "JSON Lines 格式";
        exported: fn(u64) -> String = |n| format!("{n} events exported"), |n| format!("已导出 {n} 个事件");
        delete = "Delete", "删除";
        delete_listed = "Delete listed…", "删除所列事件…";
        delete_question: fn(u64) -> String =
            |n| format!("Delete {n} events?"),
            |n| format!("删除 {n} 个事件？");
        delete_text =
            "Their pictures are deleted, too. Snapshots that rules saved stay. More than 500 events can't be brought back.",
            "其图片会一并删除，规则保存的截图会保留。超过 500 个事件时无法撤销。";
        deleted: fn(usize) -> String =
            |n| if n == 1 { "Event deleted".into() } else { format!("{n} events deleted") },
            |n| format!("已删除 {n} 个事件");
        all_deleted = "Events deleted", "事件已删除";
        still_open = "now", "进行中";
        show_file = "Show snapshot", "打开截图位置";
        no_rules = "No rules yet", "还没有规则";
        no_rules_text =
            "Sightline notifies nobody and runs nothing until you create a rule. Zones and lines are drawn in the scene; a rule may also watch the whole picture.",
            "新建规则之前，Sightline 不会通知任何人，也不会运行任何程序。区域和线在场景中绘制；规则也可以针对整个画面。";
        new_rule = "New rule", "新建规则";
        edit = "Edit", "编辑";
        enabled = "Enabled", "启用";
        rule_deleted = "Rule deleted", "规则已删除";
        name = "Name", "名称";
        object = "Object", "目标";
        any_object = "any", "任意";
        happens = "What happens", "发生什么";
        zone = "Zone", "区域";
        zone_hint = "empty: the whole picture", "留空：整个画面";
        line = "Line", "线";
        no_zones = "No zones yet: press Z on the picture to draw one", "还没有区域：在画面上按 Z 绘制";
        no_lines = "No lines yet: press Z on the picture to draw one", "还没有线：在画面上按 Z 绘制";
        direction = "Direction", "方向";
        for_s = "For at least", "至少持续";
        at_least = "How many", "数量";
        at_least_hint =
            "So many at the same time; for what happens in a moment: every so many.",
            "同时达到的数量；对于瞬间发生的事：每发生多少次。";
        pause = "At most once in", "最多每隔";
        no_limit = "no limit", "不限";
        hours = "Only between", "仅在此时段";
        seconds = "s", "秒";
        actions = "Actions", "操作";
        no_actions = "The event is listed, and nothing else is done.", "只记录事件，不做其他操作。";
        add_action = "Add action", "添加操作";
        remove = "Remove", "移除";
        test_now = "Test now", "立即测试";
        testing = "Testing…", "正在测试…";
        worked = "It worked", "测试成功";
        program = "Program", "程序";
        arguments = "Arguments, one per line", "参数，每行一个";
        arguments_hint = "Placeholders: {rule} {when} {class} {zone} {line} {track} {time} {source} {file}", "占位符：{rule} {when} {class} {zone} {line} {track} {time} {source} {file}";
        limit = "Time limit", "时限";
        address = "Address", "地址";
        authorization = "Authorization header", "Authorization 请求头";
        with_picture = "Send the picture", "发送图片";
        clip_before = "Seconds before the event", "事件前的秒数";
        clip_after = "Seconds after it", "事件后的秒数";
        clip_text =
            "Saved in the folder of recordings. The seconds before are kept in memory all the time, which takes processor time.",
            "保存在录像文件夹中。事件前的几秒会一直保留在内存中，这会占用处理器。";
        collect_text =
            "Saves the clean frame with what the model found as suggestions into the data set that is open (key D).",
            "将不带标注的画面连同识别结果（作为建议）保存到打开的数据集（D 键）。";
        mqtt_text = "Sent to the broker below the rules.", "发送到规则下方填写的服务器。";
        save = "Save", "保存";
        cancel = "Cancel", "取消";
        broker = "MQTT broker", "MQTT 服务器";
        broker_text =
            "For rules with the action MQTT. Home Assistant discovers them by itself.",
            "用于含 MQTT 操作的规则。Home Assistant 会自动发现它们。";
        use_broker = "Use a broker", "使用服务器";
        host = "Host", "主机";
        port = "Port", "端口";
        user = "User", "用户";
        password = "Password", "密码";
        tls = "Encrypted (TLS)", "加密（TLS）";
        topic = "Topic", "主题";
        home_assistant = "Home Assistant discovery", "Home Assistant 自动发现";
        log = "Log", "日志";
        log_limit = "Size limit", "大小上限";
        log_size: fn(&str) -> String = |size| format!("{size} in use"), |size| format!("已用 {size}");
        file = "File", "文件";
        reload = "Read the file again", "重新读取文件";
        unreadable: fn(&str, &str) -> String =
            |name, reason| format!("The rule \"{name}\" in the file can't be read and is left out: {reason}"),
            |name, reason| format!("文件中的规则“{name}”无法读取，已忽略（“{reason}”）");
        action_failed: fn(&str) -> String =
            |rule| format!("An action of \"{rule}\" failed"),
            |rule| format!("“{rule}”的操作失败");
        key = "Events and rules", "事件与规则";
        privacy = "Privacy", "隐私";
        privacy_on = "Hide these on screen and in everything that is saved or sent", "在屏幕上以及所有保存或发送的内容中隐藏";
        privacy_text =
            "Each result is then shown on its own frame, and a frame without a result is hidden entirely. A model that finds none of these classes hides everything. What a model overlooks stays visible: keep the confidence low.",
            "此时每个结果显示在其自身的帧上，没有结果的帧会整个隐藏。若模型不能识别其中任何一类，则隐藏整个画面。模型漏检的目标仍会显示，请使用较低的置信度。";
        other_classes = "Other classes, separated by commas", "其他类别，用逗号分隔";
        pixelate = "Pixelate", "马赛克";
        blur = "Blur", "模糊";
        hidden_waiting = "Hidden until there is a result (privacy)", "得到结果之前隐藏画面（隐私）";
        hidden_model = "Hidden: the model finds none of the private classes", "已隐藏：模型不能识别任何需要隐藏的类别";
    }
}

/// What a rule waits for, as lists show it.
#[must_use]
pub fn when_name(language: Language, when: When) -> &'static str {
    pick(
        language,
        match when {
            When::Enters => ("enters a zone", "进入区域"),
            When::Leaves => ("leaves a zone", "离开区域"),
            When::StaysIn => ("stays", "停留"),
            When::Crosses => ("crosses a line", "穿过线"),
            When::Appears => ("appears", "出现"),
            When::Disappears => ("disappears", "消失"),
        },
    )
}

/// The name of a direction.
#[must_use]
pub fn direction_name(language: Language, direction: Direction) -> &'static str {
    pick(
        language,
        match direction {
            Direction::In => ("in", "进"),
            Direction::Out => ("out", "出"),
            Direction::Either => ("either", "双向"),
        },
    )
}

/// The name of an action.
#[must_use]
pub fn action_name(language: Language, action: &Action) -> &'static str {
    pick(
        language,
        match action {
            Action::Notification => ("Desktop notification", "桌面通知"),
            Action::Sound => ("Sound", "声音"),
            Action::Snapshot => ("Snapshot", "截图"),
            Action::Clip(_) => ("Video clip", "视频片段"),
            Action::Collect => ("Collect into the data set", "收集到数据集"),
            Action::Command(_) => ("Command", "命令"),
            Action::Webhook(_) => ("Webhook", "Webhook 请求"),
            Action::Mqtt => ("MQTT", "MQTT 消息"),
        },
    )
}

/// The name of a class that privacy is usually about.
#[must_use]
pub fn private_class(language: Language, class: &str) -> &str {
    match class {
        "person" => pick(language, ("people", "人")),
        "face" => pick(language, ("faces", "人脸")),
        "number plate" => pick(language, ("number plates", "车牌")),
        other => other,
    }
}

/// A rule in a sentence: "car stays in Drive for 10 s, at most once in 60 s, 22:00-06:00".
#[must_use]
pub fn rule_text(language: Language, rule: &Rule) -> String {
    let zh = language == Language::Chinese;
    let class = match rule.class.trim() {
        "" | "any" => pick(language, ("anything", "任意目标")).to_owned(),
        class => crate::events::text::class_name(class, language),
    };
    let many = if rule.at_least > 1 { format!("{} × {class}", rule.at_least) } else { class };
    let place = match rule.when {
        When::Crosses => rule.line.as_deref(),
        When::Appears | When::Disappears => None,
        _ => rule.zone.as_deref(),
    };
    let text = match (rule.when, zh) {
        (When::Enters, false) => format!("{many} enters {}", place.unwrap_or("–")),
        (When::Enters, true) => format!("{many} 进入 {}", place.unwrap_or("–")),
        (When::Leaves, false) => format!("{many} leaves {}", place.unwrap_or("–")),
        (When::Leaves, true) => format!("{many} 离开 {}", place.unwrap_or("–")),
        (When::StaysIn, false) => format!("{many} stays in {}", place.unwrap_or("the picture")),
        (When::StaysIn, true) => format!("{many} 停留在 {}", place.unwrap_or("画面中")),
        (When::Crosses, false) => format!("{many} crosses {}", place.unwrap_or("–")),
        (When::Crosses, true) => format!("{many} 穿过 {}", place.unwrap_or("–")),
        (When::Appears, false) => format!("{many} appears"),
        (When::Appears, true) => format!("{many} 出现"),
        (When::Disappears, false) => format!("{many} disappears"),
        (When::Disappears, true) => format!("{many} 消失"),
    };
    let mut parts = Vec::new();
    if rule.when == When::Crosses && rule.direction != Direction::Either {
        let direction = direction_name(language, rule.direction);
        parts.push(if zh { format!("（{direction}）") } else { format!(" ({direction})") });
    }
    if rule.for_s > 0.0 {
        parts.push(if zh { format!(" {} 秒", rule.for_s) } else { format!(" for {} s", rule.for_s) });
    }
    if rule.pause_s > 0.0 {
        let pause = rule.pause_s;
        parts.push(if zh {
            format!("，最多每 {pause} 秒一次")
        } else {
            format!(", at most once in {pause} s")
        });
    }
    if let Some(hours) = rule.hours {
        parts.push(if zh { format!("，{hours}") } else { format!(", {hours}") });
    }
    format!("{text}{}", parts.concat())
}

/// A rule's problem in a sentence, with the fix.
#[must_use]
pub fn problem_text(language: Language, problem: &Problem) -> String {
    use super::failures::Explain as _;
    super::page_text::plain_quotes(&problem.explain(language).to_string())
}
