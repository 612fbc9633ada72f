//! The texts of the panel on tracking.

strings! {
    /// Tracking.
    Tracking {
        title = "Tracking", "跟踪";
        off = "Off", "关闭";
        hint =
            "Gives each object a number that stays, also when it is hidden for a moment. Zones, lines and rules track by themselves.",
            "为每个目标分配固定编号，短暂遮挡后编号不变。区域、线和规则会自动启用跟踪。";
        needed = "On while zones, lines or rules need it.", "区域、计数线或规则需要时自动开启。";
        trails = "Trail", "轨迹";
        trails_hint = "How long the line is that an object leaves behind.", "目标身后轨迹线的时长。";
        seconds: fn(f32) -> String = |seconds| format!("{seconds:.1} s"), |seconds| format!("{seconds:.1} 秒");
        appearance = "Recognise by appearance", "按外观识别";
        appearance_hint =
            "An object that comes back within half a minute gets its old number. Needs a second model: one for re-identification (ReID), DINOv2, or a classifier. Each object takes a run of it.",
            "半分钟内重新出现的目标恢复原编号。需要第二个模型：重识别（ReID）模型、DINOv2 或分类模型。每个目标需运行一次该模型。";
        choose_model = "Choose a model…", "选择模型…";
        no_appearance = "Stop recognising", "停止识别";
        class = "Class", "类别";
        now_and_total = "now · total", "当前 · 累计";
    }
}
