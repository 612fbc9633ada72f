//! What the window says of rules, actions and the log of events that fail.

use super::failures::{Explain, FailureText, zh};
use crate::events::actions::ActionError;
use crate::events::{LogError, Problem, RulesError};

impl Explain for Problem {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::NoName => FailureText::new("规则没有名称。", "请填写名称。"),
            Self::SameName { name } => {
                FailureText::new(format!("有两条规则都叫“{name}”。"), "请为其中一条改名。")
            }
            Self::NeedsZone => {
                FailureText::new("规则没有指定区域。", "请选择区域；若指整个画面，请选择“出现”。")
            }
            Self::NeedsLine => FailureText::new("规则没有指定线。", "请选择一条线。"),
            Self::NeedsTime => FailureText::new("规则没有指定停留时间。", "请填写秒数。"),
            Self::OutOfRange => {
                FailureText::new("规则中有数值为负或过大。", "时间为 0 至 86400 秒，数量为 1 至 1000。")
            }
            Self::CrossingTakesNoTime => {
                FailureText::new("穿过线不需要时间，持续时间没有意义。", "请删去持续时间。")
            }
            Self::ClipLength => FailureText::new(
                "规则的视频片段没有长度，或事件前后超过 60 秒。",
                "事件前后各为 0 至 60 秒，且不能都是 0。",
            ),
            Self::NoProgram => FailureText::new("规则的命令没有指定程序。", "请填写程序。"),
            Self::Placeholder { placeholder } => FailureText::new(
                format!("规则的命令中有未知的占位符“{placeholder}”。"),
                "可用的有“{rule}”、“{when}”、“{class}”、“{zone}”、“{line}”、“{track}”、“{time}”、“{source}”和“{file}”；花括号本身写作“{{”。",
            ),
            Self::BadUrl { url } => FailureText::new(
                format!("webhook 地址“{url}”不是 http 或 https 地址。"),
                "请写成“https://example.org/path”的形式。",
            ),
            Self::NoBroker => {
                FailureText::new("规则要发送到 MQTT，但没有指定服务器。", "请在规则下方填写服务器。")
            }
            Self::UnknownClass { class } => FailureText::new(
                format!("规则不会触发：当前模型没有类别“{class}”。"),
                "请选择其他类别，或能识别它的模型。",
            ),
            Self::UnknownZone { zone } => FailureText::new(
                format!("规则不会触发：场景中没有区域“{zone}”。"),
                "请画出该区域，或在规则中选择其他名称。",
            ),
            Self::UnknownLine { line } => FailureText::new(
                format!("规则不会触发：场景中没有线“{line}”。"),
                "请画出该线，或在规则中选择其他名称。",
            ),
            Self::NotTracked => {
                FailureText::new("规则不会触发：目标没有被跟踪。", "请打开跟踪，并使用能检测目标的模型。")
            }
        }
    }
}

impl Explain for RulesError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        let shown = |path: &std::path::Path| path.display().to_string();
        match self {
            Self::Damaged { path, reason } => FailureText::new(
                format!("无法理解“{}”中的规则：{}。", shown(path), zh(reason)),
                "请更正该行，或移走该文件。",
            ),
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取“{}”中的规则：{}。", shown(path), zh(reason)),
                "请检查其名称和权限。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("规则无法保存到“{}”：{}。", shown(path), zh(reason)),
                "请确认文件夹可写且磁盘有空间。",
            ),
        }
    }
}

impl Explain for LogError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        let shown = |path: &std::path::Path| path.display().to_string();
        match self {
            Self::Damaged { kept_as } => FailureText::new(
                format!("事件日志已损坏，原文件保存为“{}”，并已新建日志。", shown(kept_as)),
                "较早的事件在该文件中；无需处理。",
            ),
            Self::Unusable { path, reason } => FailureText::new(
                format!("事件日志“{}”已损坏（“{}”）。", shown(path), zh(reason)),
                "请移走该文件，之后会新建日志。",
            ),
            Self::ReadOnly { path } => FailureText::new(
                format!("无法写入事件日志“{}”：它是只读的。", shown(path)),
                "请允许当前账户写入该文件及其文件夹。规则仍会继续。",
            ),
            Self::Full { path } => FailureText::new(
                format!("无法记录事件：“{}”所在磁盘已满。", shown(path)),
                "请清理空间，或减小日志的上限。规则仍会继续。",
            ),
            Self::CantOpen { path, reason } => FailureText::new(
                format!("无法打开事件日志“{}”（“{}”）。", shown(path), zh(reason)),
                "请检查文件夹及其权限。规则仍会继续。",
            ),
            Self::Busy { path } => FailureText::new(
                format!("事件日志“{}”正被其他程序使用。", shown(path)),
                "请关闭该程序后重试。",
            ),
            Self::Newer { path } => FailureText::new(
                format!("事件日志“{}”由更新版本的 Sightline 生成。", shown(path)),
                "请使用该版本，或移走该文件。",
            ),
            Self::Failed { path, reason } => FailureText::new(
                format!("无法使用事件日志“{}”（“{}”）。", shown(path), zh(reason)),
                "请重试；若仍然失败，请移走该文件。",
            ),
            Self::Export { path, reason } => FailureText::new(
                format!("事件无法写入“{}”：{}。", shown(path), zh(reason)),
                "请选择其他位置，或清理空间。",
            ),
        }
    }
}

impl Explain for ActionError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        let says = |text: &str| if text.is_empty() { String::new() } else { format!("：“{text}”") };
        match self {
            Self::Busy => FailureText::new(
                "未执行操作：较早事件的操作尚未完成。",
                "请降低规则触发的频率，或让操作更快完成。",
            ),
            Self::NoThread => FailureText::new("未执行操作：其线程无法启动或已结束。", "请重试。"),
            Self::Stopped => FailureText::new("规则已更改或 Sightline 正在退出，操作已停止。", "无需处理。"),
            Self::Desktop { reason } => {
                FailureText::new(format!("桌面无法显示通知（“{}”）。", zh(reason)), "请确认桌面有通知服务。")
            }
            Self::Sound { reason } => FailureText::new(
                format!("无法播放声音（“{}”）。", zh(reason)),
                "请确认已连接音频设备，并安装了 PipeWire、PulseAudio 或 ALSA 的播放程序。",
            ),
            Self::NoFrame => FailureText::new("没有可以保存的画面。", "请在播放来源时重试。"),
            Self::Snapshot(error) => error.chinese(),
            Self::Clip(error) => error.chinese(),
            Self::Collect(error) => error.chinese(),
            Self::NoDataset => {
                FailureText::new("没有选择要收集到的数据集。", "请在“数据集”页面（D 键）中打开或创建一个。")
            }
            Self::NoRecorder => {
                FailureText::new("视频片段只能由窗口保存。", "请在窗口中打开该来源，或改用截图。")
            }
            Self::NotStarted { program, reason } => FailureText::new(
                format!("无法启动程序“{}”：{}。", program.display(), zh(reason)),
                "请检查其路径，以及是否可以执行。",
            ),
            Self::TooLong { program, seconds } => FailureText::new(
                format!("程序“{}”超过 {seconds} 秒，已被终止。", program.display()),
                "请在规则中给它更多时间，或让它在后台运行。",
            ),
            Self::Failed { program, status, says: text } => FailureText::new(
                format!("程序“{}”失败（“{status}”）{}。", program.display(), says(text)),
                "请在终端中试运行同样的命令。",
            ),
            Self::Unreachable { host, reason } => FailureText::new(
                format!("无法连接服务器“{host}”（“{}”）。", zh(reason)),
                "请检查地址和网络。",
            ),
            Self::Refused { host, code, says: text } => FailureText::new(
                format!("服务器“{host}”拒绝了事件，状态码 {code}{}。", says(text)),
                "请检查地址以及服务器的要求。",
            ),
            Self::BadUrl => FailureText::new(
                "webhook 的地址不是 http 或 https 地址。",
                "请写成“https://example.org/path”的形式。",
            ),
            Self::BadHeader { name } => {
                FailureText::new(format!("webhook 的请求头“{name}”无效。"), "请更正其名称和内容。")
            }
            Self::NoBroker => FailureText::new("没有指定 MQTT 服务器。", "请在规则下方填写服务器。"),
            Self::Broker { host, reason } => FailureText::new(
                format!("无法连接 MQTT 服务器“{host}”：{}。", zh(reason)),
                "请检查主机、端口、用户和密码，以及是否需要 TLS。",
            ),
        }
    }
}
