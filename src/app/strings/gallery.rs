//! The texts of the gallery.

use super::failures::{Explain, FailureText};
use crate::gallery::{Kind, RenameError};
use crate::model::labels::Language;

strings! {
    /// Everything that was saved.
    Gallery {
        title = "Gallery", "图库";
        key = "Gallery: everything that was saved", "图库：所有已保存的内容";
        count: fn(usize, usize) -> String =
            |n, all| if n == all { format!("{n} items") } else { format!("{n} of {all} items") },
            |n, all| if n == all { format!("{n} 项") } else { format!("{all} 项中的 {n} 项") };
        reading = "Reading…", "正在读取…";
        kind = "Kind", "类型";
        class = "Class", "类别";
        model = "Model", "模型";
        all_kinds = "All kinds", "全部类型";
        all_classes = "All classes", "全部类别";
        all_models = "All models", "全部模型";
        image = "Picture", "图片";
        video = "Video", "视频";
        clip = "Clip", "片段";
        comparison = "Comparison", "比较";
        search = "Search the gallery", "搜索图库";
        today = "Today", "今天";
        yesterday = "Yesterday", "昨天";
        nothing = "Nothing saved yet", "还没有保存的内容";
        nothing_text =
            "Snapshots and recordings are listed here. Press Space on the preview to take a snapshot.",
            "截图和录像会显示在这里。在画面上按空格键即可截图。";
        nothing_fits = "No matching items.", "没有匹配的项目。";
        show_all = "Show all", "显示全部";
        missing: fn(&str) -> String =
            |path| format!("The folder {path} isn't there. It is made with the first snapshot."),
            |path| format!("文件夹 {path} 不存在，首次截图时会自动创建。");
        forbidden: fn(&str) -> String =
            |path| format!("The folder {path} can't be listed: this account has no permission. Choose another one in the settings."),
            |path| format!("无法列出文件夹 {path}：当前账户没有权限。请在设置中选择其他文件夹。");
        not_listed: fn(&str, &str) -> String =
            |path, why| format!("The folder {path} can't be listed: {why}. Choose another one in the settings."),
            |path, why| format!("无法列出文件夹 {path}：{why}。请在设置中选择其他文件夹。");
        selected: fn(usize) -> String = |n| format!("{n} selected"), |n| format!("已选择 {n} 项");
        open = "Open", "打开";
        use_as_source = "Open as source", "作为来源打开";
        open_outside = "Open with default program", "用默认程序打开";
        copy_files = "Copy files", "复制文件";
        copy_path = "Copy path", "复制路径";
        files_copied: fn(usize) -> String =
            |n| if n == 1 { "1 file copied".into() } else { format!("{n} files copied") },
            |n| format!("已复制 {n} 个文件");
        rename = "Rename…", "重命名…";
        rename_title = "Rename", "重命名";
        rename_text = "All files of the item get this name.", "该项目的所有文件都将使用此名称。";
        trash = "Move to trash", "移到回收站";
        previous = "Previous", "上一项";
        next = "Next", "下一项";
        back = "Back to the gallery", "返回图库";
        boxes = "Show boxes", "显示框";
        boxes_inside =
            "Boxes are part of this picture: the original frame wasn't saved with it.",
            "框是此图片的一部分：未同时保存原始画面。";
        details = "Details", "详细信息";
        saved = "Saved", "保存时间";
        source = "Source", "来源";
        at = "Position", "位置";
        size = "Size", "尺寸";
        files = "Files", "文件";
        hash = "Model hash", "模型哈希";
        family = "Family", "系列";
        runs_on = "Ran on", "运行于";
        confidence = "Confidence", "置信度";
        iou = "IoU", "IoU 阈值";
        found = "Found", "检出";
        frames = "Frames with results", "有结果的帧";
        no_record = "No results were saved with it.", "没有同时保存结果。";
        loading = "Loading…", "正在加载…";
        play = "Play", "播放";
        pause = "Pause", "暂停";
        position = "Position in the video", "视频位置";
        no_picture = "The picture is gone; only its results are left.", "图片已不存在，只剩下结果。";
        empty_file = "The file is empty.", "文件为空。";
        bad_record: fn(&str) -> String =
            |why| format!("Its results can't be read: {why}."),
            |why| format!("无法读取其结果：{why}。");
        not_shown: fn(&str) -> String = |why| format!("It can't be shown: {why}."), |why| format!("无法显示：{why}。");
        keys_hint =
            "Enter opens · F2 renames · Delete moves to trash · Ctrl+A selects all",
            "回车打开 · F2 重命名 · Delete 移到回收站 · Ctrl+A 全选";
    }
}

/// The name of a kind.
#[must_use]
pub fn item_kind(w: &Gallery, kind: Kind) -> &'static str {
    match kind {
        Kind::Image => w.image,
        Kind::Video => w.video,
        Kind::Clip => w.clip,
        Kind::Comparison => w.comparison,
    }
}

/// A reason, as the end of a sentence.
#[must_use]
pub fn item_reason(language: Language, reason: &str) -> String {
    match language {
        Language::English => reason.trim_end_matches('.').to_owned(),
        Language::Chinese => super::failures::zh(reason.trim_end_matches('.')),
    }
}

impl Explain for RenameError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        let other = "请使用其他名称。";
        match self {
            Self::Empty => FailureText::new("名称不能为空。", other),
            Self::Sign { sign } => FailureText::new(format!("名称不能包含“{sign}”。"), other),
            Self::Edge => FailureText::new("名称不能以点开头，也不能以点或空格结尾。", other),
            Self::Reserved { name } => {
                FailureText::new(format!("“{name}”是 Windows 保留的设备名称。"), other)
            }
            Self::TooLong { limit } => FailureText::new(format!("名称超过 {limit} 字节。"), other),
            Self::Taken { name } => FailureText::new(format!("已存在文件“{name}”。"), other),
            Self::Joined { name } => {
                FailureText::new(format!("使用此名称后，它会与文件“{name}”合为一项。"), other)
            }
            Self::Failed { path, reason } => FailureText::new(
                format!("无法重命名“{}”：{}。", path.display(), super::failures::zh(reason)),
                "请检查当前账户是否有权修改该文件夹。",
            ),
        }
    }
}
