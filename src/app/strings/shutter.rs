//! The texts of the snapshot button's menu and of what it does.

strings! {
    /// Countdown, burst, time lapse, waiting; copying and taking back.
    Shutter {
        menu = "Snapshot options", "截图选项";
        stop = "Stop", "停止";
        takes = "The snapshot button takes", "截图按钮执行";
        one = "One snapshot", "单张截图";
        burst = "Burst", "连拍";
        lapse = "Time lapse", "延时拍摄";
        appears = "When something appears", "目标出现时";
        count = "Snapshots", "张数";
        every = "Every", "间隔";
        seconds = " s", " 秒";
        class = "Class", "类别";
        any_class = "any", "任意";
        at_least = "At least", "至少";
        appears_hint =
            "One snapshot when it comes into the picture; what is there already doesn't count. For one each time, create a rule (E).",
            "目标进入画面时截取一张，已在画面中的不算。如需每次都截取，请新建规则（E）。";
        no_model = "This needs a model that finds objects.", "需要能够检测目标的模型。";
        timer = "Timer", "倒计时";
        off = "Off", "关";
        tick = "Tick each second", "每秒发出提示音";
        full = "Full resolution of the camera", "使用摄像头的最大分辨率";
        full_hint: fn((u32, u32)) -> String =
            |(w, h)| format!("{w}×{h}; the preview pauses for a moment."),
            |(w, h)| format!("{w}×{h}；预览会短暂停顿。");
        full_none = "The camera offers no larger picture than the one on screen.", "此摄像头没有比当前画面更大的分辨率。";
        full_saved: fn((u32, u32), f64) -> String =
            |(w, h), s| format!("Saved at {w}×{h}; the preview paused for {s:.1} s."),
            |(w, h), s| format!("已按 {w}×{h} 保存；预览停顿了 {s:.1} 秒。");
        not_full: fn(&str) -> String =
            |why| format!("Saved as on screen, not at full resolution. {why}"),
            |why| format!("已按当前画面保存，未使用最大分辨率。{why}");
        copy = "Copy picture", "复制画面";
        now = "Take one now", "立即截图";
        key_now = "One snapshot at once, whatever is chosen", "立即截取一张，不受截图选项影响";
        key_menu = "Snapshot options: timer, burst, time lapse", "截图选项：倒计时、连拍、延时拍摄";
        key_copy = "Copy the picture", "复制画面";
        escape = "Esc cancels", "按 Esc 取消";
        bursting: fn(u32) -> String = |n| format!("Burst · {n} taken"), |n| format!("连拍 · 已拍 {n} 张");
        lapsing: fn(u32, u64) -> String =
            |n, s| format!("Time lapse · {n} saved · next in {s} s"),
            |n, s| format!("延时拍摄 · 已保存 {n} 张 · {s} 秒后下一张");
        lapse_paused: fn(u32) -> String =
            |n| format!("Time lapse · {n} saved · no new frame to save"),
            |n| format!("延时拍摄 · 已保存 {n} 张 · 没有新画面可保存");
        waiting: fn(&str, u32) -> String =
            |class, n| if n > 1 { format!("Waiting for {n} × {class}") } else { format!("Waiting for {class}") },
            |class, n| if n > 1 { format!("等待 {n} 个{class}出现") } else { format!("等待{class}出现") };
        anything = "something", "目标";
        saved_many: fn(usize) -> String =
            |n| if n == 1 { "1 snapshot saved".into() } else { format!("{n} snapshots saved") },
            |n| format!("已保存 {n} 张截图");
        stopped_by_source = "The source was changed", "来源已更改";
        picture_copied = "Picture copied", "画面已复制";
        not_copied = "Not copied", "未复制";
        no_clipboard =
            "The system's clipboard takes no pictures here. Save a snapshot instead.",
            "此系统的剪贴板无法接收图片。请改为保存截图。";
        no_files_clipboard =
            "The system's clipboard takes no files here. Copy the path instead.",
            "此系统的剪贴板无法接收文件。请改为复制路径。";
        discarded: fn(usize) -> String =
            |n| if n == 1 { "1 file moved to trash".into() } else { format!("{n} files moved to trash") },
            |n| format!("已将 {n} 个文件移到回收站");
        nothing_discarded = "The files are gone already", "文件已不存在";
        beside =
            "The system's trash doesn't take them; they are in the folder .sightline-trash beside them for 30 days.",
            "系统回收站无法接收这些文件；它们将在旁边的 .sightline-trash 文件夹中保留 30 天。";
        restored: fn(usize) -> String =
            |n| if n == 1 { "1 file restored".into() } else { format!("{n} files restored") },
            |n| format!("已恢复 {n} 个文件");
        quality = "Quality", "质量";
        png_note = "Without loss; the largest files.", "无损；文件最大。";
        jpeg_note = "A little loss; opens everywhere.", "略有损失；各处均可打开。";
        webp_note =
            "A little loss; the smallest files. Older programs can't open it.",
            "略有损失；文件最小。较旧的程序无法打开。";
    }
}
