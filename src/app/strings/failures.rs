//! What the window says of a failure, in both languages: what happened, and what the user can do.
//!
//! English is the error's own text. An error that has no Chinese text doesn't compile.

use std::fmt;
use std::path::Path;

use super::phrases::phrase;
use crate::discard::DiscardError;
use crate::library::catalogue::CatalogueError;
use crate::library::download::{DownloadError, Failure, PartialDownload, is_of_hub};
use crate::library::import::{ImportError, MAX_MODELS};
use crate::library::names;
use crate::library::records::RecordsError;
use crate::library::upkeep::UpkeepError;
use crate::model::labels::Language;
use crate::save::SnapshotError;
use crate::settings::SettingsError;

/// A failure as the window shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureText {
    /// What happened.
    pub message: String,
    /// What the user can do; empty if the message says it.
    pub fix: String,
}

impl FailureText {
    pub(super) fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), fix: fix.into() }
    }
}

impl fmt::Display for FailureText {
    /// Both sentences on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentences(&self.message, &self.fix))
    }
}

/// Two sentences on one line: Chinese ones without a space between them. The second may be empty.
#[must_use]
pub fn sentences(first: &str, second: &str) -> String {
    let gap = if first.ends_with('。') || second.is_empty() { "" } else { " " };
    format!("{first}{gap}{second}")
}

/// An error that the window can show.
pub trait Explain: std::error::Error {
    /// What the user can do, in English.
    fn english_fix(&self) -> String;

    /// The text in Chinese.
    fn chinese(&self) -> FailureText;

    /// The text in `language`.
    fn explain(&self, language: Language) -> FailureText {
        match language {
            Language::English => FailureText::new(self.to_string(), self.english_fix()),
            Language::Chinese => self.chinese(),
        }
    }
}

/// A reason inside an error, in Chinese.
pub(super) fn zh(reason: &str) -> String {
    phrase(Language::Chinese, reason).into_owned()
}

fn shown(path: &Path) -> String {
    names::shown(&path.display().to_string()).into_owned()
}

impl Explain for DiscardError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Stays { path, reason } => FailureText::new(
                format!("无法将“{}”移到回收站：{}。", shown(path), zh(reason)),
                "请检查当前账户是否有权修改该文件夹。",
            ),
            Self::StaysInTrash { path, reason } => FailureText::new(
                format!("无法从回收站恢复“{}”：{}。", shown(path), zh(reason)),
                "请打开系统回收站并在那里恢复。",
            ),
        }
    }
}

impl Explain for SnapshotError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        let other = "请在设置中选择其他截图文件夹。";
        let again = "请重试，或在设置中选择其他截图文件夹。";
        match self {
            Self::NoImage => FailureText::new("还没有可以保存的画面。", "请等待第一帧画面，或选择来源。"),
            Self::NoFolder { path } => {
                FailureText::new(format!("截图文件夹“{}”不存在。", path.display()), other)
            }
            Self::NotAFolder { path } => {
                FailureText::new(format!("截图位置“{}”不是文件夹。", path.display()), other)
            }
            Self::Forbidden { path } => {
                FailureText::new(format!("当前账户没有写入“{}”的权限。", path.display()), other)
            }
            Self::ReadOnly { path } => {
                FailureText::new(format!("“{}”所在磁盘为只读。", path.display()), other)
            }
            Self::Full { path, bytes } => FailureText::new(
                format!("“{}”所在磁盘已满，截图需要 {}。", path.display(), names::size(*bytes)),
                "请清理空间，或在设置中选择其他磁盘上的文件夹，然后重试。",
            ),
            Self::Image { format, source } => FailureText::new(
                format!("画面无法写成 {format}：{}。", zh(&source.to_string())),
                "请在设置中选择另一种格式。",
            ),
            Self::Json(source) => FailureText::new(
                format!("画面无法写成 JSON：{}。", zh(&source.to_string())),
                "请在设置中选择另一种格式。",
            ),
            Self::NamesTaken { path } => {
                FailureText::new(format!("无法保存到“{}”：文件名均已被占用。", path.display()), again)
            }
            Self::Failed { path, source } => FailureText::new(
                format!("无法保存到“{}”：{}。", path.display(), zh(&source.to_string())),
                again,
            ),
        }
    }
}

impl Explain for SettingsError {
    fn english_fix(&self) -> String {
        String::new()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Damaged { reason, kept_as } => FailureText::new(
                format!("无法理解设置文件（{}）。", zh(reason)),
                format!("原文件已另存为“{}”，Sightline 使用默认设置启动。", kept_as.display()),
            ),
            Self::Partly { values, kept_as } => FailureText::new(
                format!("设置文件中有此版本的 Sightline 不认识的值（{}）。", values.join("、")),
                format!("这些值已忽略；原文件已另存为“{}”。", kept_as.display()),
            ),
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取设置文件“{}”：{}。更改不会被保存。", path.display(), zh(reason)),
                "请检查其权限。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("设置无法保存到“{}”：{}。", path.display(), zh(reason)),
                "请确认文件夹可写且磁盘有空间。",
            ),
        }
    }
}

impl Explain for RecordsError {
    fn english_fix(&self) -> String {
        String::new()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Damaged { path, renamed_to, reason } => FailureText::new(
                format!("无法理解模型库记录“{}”（{}）。", path.display(), zh(reason)),
                format!("原文件已改名为“{}”；收藏和测得的耗时将重新开始。", renamed_to.display()),
            ),
            Self::Unreadable { path, reason } => FailureText::new(
                format!("无法读取模型库记录“{}”：{}。", path.display(), zh(reason)),
                "收藏和测得的耗时不会被记住；请移除或修复该文件。",
            ),
            Self::Unwritable { path, reason } => FailureText::new(
                format!("无法保存模型库记录“{}”：{}。", path.display(), zh(reason)),
                "请确认文件夹可写且磁盘有空间。",
            ),
        }
    }
}

impl Explain for CatalogueError {
    fn english_fix(&self) -> String {
        String::new()
    }

    fn chinese(&self) -> FailureText {
        FailureText::new(
            format!("模型目录“{}”无法使用：{}。", zh(&self.file), zh(&self.reason)),
            "请更正或移除；其他目录照常使用。",
        )
    }
}

impl Explain for UpkeepError {
    fn english_fix(&self) -> String {
        self.fix().into()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::NoTrash { path, reason } => FailureText::new(
                format!("“{}”无法移到回收站：{}。", shown(path), zh(reason)),
                "请改用永久删除（命令行：--delete）。",
            ),
            Self::StaysInTrash { path, reason } => FailureText::new(
                format!("“{}”无法从回收站恢复：{}。", shown(path), zh(reason)),
                "请打开系统的回收站进行恢复。",
            ),
            Self::Stays { path, reason } => FailureText::new(
                format!("“{}”无法移除：{}。", shown(path), zh(reason)),
                "请确认当前账户可以修改该文件夹。",
            ),
        }
    }
}

impl Explain for ImportError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        match self {
            Self::Model(error) => error.chinese(),
            Self::Nothing { path } => FailureText::new(
                format!("“{}”中没有 ONNX 模型。", shown(path)),
                "请选择以 .onnx 结尾的文件，或含有此类文件的文件夹或 .zip 压缩包。",
            ),
            Self::DeadLink { path } => FailureText::new(
                format!("“{}”是链接，但指向的文件不存在。", shown(path)),
                "请选择文件本身，或修复链接。",
            ),
            Self::TooMany { path } => FailureText::new(
                format!("文件夹“{}”中的模型超过 {MAX_MODELS} 个。", shown(path)),
                "请选择较小的文件夹，或将其设为监视文件夹。",
            ),
            Self::Archive { path, reason } => FailureText::new(
                format!("压缩包“{}”无法使用：{}。", shown(path), zh(reason)),
                "请从其项目重新获取压缩包，或自行解压后选择 .onnx 文件。",
            ),
            Self::Unwritable { folder, reason } => FailureText::new(
                format!("模型无法放入“{}”：{}。", shown(folder), zh(reason)),
                "请确认该文件夹存在、可写，且磁盘有空间。",
            ),
            Self::DiskFull { folder, need, free } => FailureText::new(
                format!("模型需要 {need} MB，而“{}”所在磁盘只剩 {free} MB。", shown(folder)),
                "请清理空间，或链接模型而不复制。",
            ),
            Self::NoFolder => FailureText::new(
                "当前账户没有存放模型的主文件夹。",
                "请将 SIGHTLINE_DATA_DIR 设为可写的文件夹。",
            ),
        }
    }
}

impl Explain for Failure {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        let FailureText { mut message, fix } = self.error.chinese();
        if self.others_tried() > 0 {
            message = format!("{message}另外 {} 个地址也失败了。", self.others_tried());
        }
        if let Some(PartialDownload { path, bytes, total }) = &self.partial {
            let of = total.map(|total| format!("（共 {}）", names::size(total))).unwrap_or_default();
            let bytes = names::size(*bytes);
            message = format!("{message}已下载的 {bytes}{of}保留在“{}”中，之后会续传。", path.display());
        }
        FailureText { message, fix }
    }
}

impl Explain for DownloadError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        FailureText::new(what_happened(self), what_to_do(self))
    }
}

fn what_happened(error: &DownloadError) -> String {
    use DownloadError as E;
    let braces =
        |text: &Option<String>| text.as_deref().map(|t| format!("（{}）", zh(t))).unwrap_or_default();
    match error {
        E::NoAddress { id } => format!("没有“{id}”的下载地址。"),
        E::BadAddress { address, reason } => format!("“{address}”不是可用的下载地址：{}。", zh(reason)),
        E::PlainHttp { host } => format!("{host} 只能通过未加密的 http 传送文件，且没有可供校验的 SHA-256。"),
        E::Offline => "没有网络连接。".into(),
        E::Unreachable { host, reason } => format!("无法连接 {host}：{}。", zh(reason)),
        E::Insecure { host, reason } => format!("无法与 {host} 建立安全连接：{}。", zh(reason)),
        E::Proxy { proxy, reason } => {
            let proxy = proxy.as_deref().map(|p| format!(" {p} ")).unwrap_or_default();
            format!("代理{proxy}无法使用：{}。", zh(reason))
        }
        E::Stalled { host, after } => format!("{host} 在 {} 秒内没有传来数据。", after.as_secs().max(1)),
        E::BrokeOff { host, bytes, total } => {
            let of = total.map(|t| format!("（共 {}）", names::size(t))).unwrap_or_default();
            format!("与 {host} 的连接在收到 {}{of}后中断。", names::size(*bytes))
        }
        E::Garbled { host, reason } => format!("{host} 的应答不符合 HTTP：{}。", zh(reason)),
        E::Status { host, code, reason } => format!("{host} 应答 {code}{}。", braces(reason)),
        E::Overloaded { host, code, wait } => {
            let wait = wait.map(|w| format!("，要求等待 {} 秒", w.as_secs())).unwrap_or_default();
            format!("{host} 过载或暂不接受更多请求（应答 {code}{wait}）。")
        }
        E::Redirects { host } => format!("{host} 不断重定向。"),
        E::NotTheFile { host, what, says } => {
            let says = says.as_deref().map(|s| format!("：“{s}”")).unwrap_or_default();
            format!("{host} 传来的是{}，而不是文件{says}。", zh(what))
        }
        E::LfsPointer { host } => format!("{host} 传来的是 Git LFS 指针（代替文件的一小段文本）。"),
        E::Portal { host } => format!("应答的是网络登录页面（{host}），而不是服务器。"),
        E::Compressed { host, encoding } => {
            format!("{host} 以“{encoding}”压缩了文件，但并未要求压缩。")
        }
        E::Empty { host } => format!("{host} 传来的文件为空。"),
        E::WrongLength { host, expected, found } => {
            format!("{host} 上的文件为 {found} 字节，应为 {expected} 字节。")
        }
        E::NoLength { host } => format!("{host} 没有给出文件长度，且文件的大小和 SHA-256 均未知。"),
        E::TooLong { host, limit } => format!("{host} 传来的数据超过允许的 {}。", names::size(*limit)),
        E::WrongRange { host, found } => format!("{host} 传来的不是所请求的部分（{found}）。"),
        E::Changed { host } => format!("下载期间 {host} 上的文件发生了变化。"),
        E::WrongHash { host, expected, found } => {
            format!("{host} 传来的文件不正确：SHA-256 为 {found}，应为 {expected}。")
        }
        E::NotAModel { host, reason } => format!("{host} 传来的不是完整的 ONNX 模型：{}。", zh(reason)),
        E::NoSpace { folder, needed, free } => {
            format!(
                "“{}”的空间不足：需要 {}，剩余 {}。",
                folder.display(),
                names::size(*needed),
                names::size(*free)
            )
        }
        E::DiskFull { folder } => format!("“{}”所在磁盘已满。", folder.display()),
        E::FileTooLarge { path, reason } => {
            format!("“{}”无法达到所需的大小：{}。", path.display(), zh(reason))
        }
        E::Unwritable { path, reason } => format!("无法写入“{}”：{}。", path.display(), zh(reason)),
        E::Occupied { path } => format!("“{}”处已有另一个文件。", path.display()),
        E::TargetTaken { path } => format!("另一个下载任务正在写入“{}”。", path.display()),
        E::InUse { path } => format!("另一个 Sightline 正在下载“{}”。", path.display()),
        E::NoFile { path } => format!("“{}”不存在。", path.display()),
        E::Unreadable { path, reason } => format!("无法读取“{}”：{}。", path.display(), zh(reason)),
        E::BadArchive { host, reason } => format!("{host} 传来的压缩包无法打开：{}。", zh(reason)),
        E::BadMember { member } => format!("“{member}”不是压缩包内的文件名。"),
        E::NoMember { host, member, offers } => {
            let offers = offers.as_deref().map(|o| format!("；其中有 {}", zh(o))).unwrap_or_default();
            format!("{host} 传来的压缩包中没有“{member}”{offers}。")
        }
        E::MemberTooLarge { host, member, limit } => {
            format!("{host} 传来的压缩包中，“{member}”解压后超过允许的 {}。", names::size(*limit))
        }
        E::Broken { reason } => format!("下载无法进行：{}。", zh(reason)),
    }
}

fn what_to_do(error: &DownloadError) -> &'static str {
    use DownloadError as E;
    match error {
        E::NoAddress { .. } => "请给出文件的地址，或含有该文件的文件夹。",
        E::BadAddress { .. } => "请给出 https 地址、file:// 地址或文件夹。",
        E::PlainHttp { .. } => "请使用 https 地址，或给出文件的 SHA-256。",
        E::Offline => "请连接网络后重试。",
        E::Unreachable { host, .. } if is_of_hub(host) => {
            "请检查网络（如需代理，请设置 HTTPS_PROXY），或选择镜像（在“设置”中，或用 HF_ENDPOINT）。"
        }
        E::Unreachable { .. } => {
            "请检查网络（如需代理，请设置 HTTPS_PROXY），或用 SIGHTLINE_MIRROR 指定镜像。"
        }
        E::Insecure { .. } => "请检查本机的日期和证书；如网络要求登录，请先登录。",
        E::Proxy { .. } => "请更正 HTTPS_PROXY、HTTP_PROXY 或 ALL_PROXY，或在 NO_PROXY 中列出该服务器。",
        E::Stalled { .. } | E::BrokeOff { .. } => "请在网络好转后重试，或选择镜像。",
        E::Garbled { .. } => "请检查地址和代理，或选择镜像。",
        E::Status { code, .. } => match code {
            401 | 403 => "请在浏览器中打开其页面：可能需要登录或接受条款；然后导入文件。",
            404 | 410 => "文件已被移动或删除：请查看模型的页面，或选择镜像。",
            407 => "请在 HTTPS_PROXY 中写明代理的用户名和密码。",
            451 => "请选择可以在此提供该文件的镜像。",
            500..=599 => "服务器出现问题：请稍后重试，或选择镜像。",
            _ => "请检查地址，或选择镜像。",
        },
        E::Overloaded { .. } | E::Empty { .. } => "请稍后重试，或选择镜像。",
        E::Redirects { .. } => "请检查地址，或选择镜像。",
        E::NotTheFile { .. } => "请在浏览器中打开该地址查看其要求，或选择镜像。",
        E::LfsPointer { .. } => {
            "请使用文件本身的地址（GitHub 和 Hugging Face 上将“raw”改为“resolve”或“media”），或在文件夹中运行“git lfs pull”。"
        }
        E::Portal { .. } => "请打开浏览器登录网络，然后重试。",
        E::Compressed { .. } | E::WrongRange { .. } | E::NoLength { .. } => {
            "请选择镜像，或用浏览器下载后导入文件。"
        }
        E::WrongLength { .. } => "文件可能已被其他版本替换：请更新模型目录，或选择镜像。",
        E::TooLong { .. } => "请检查地址：这不是预期的文件。",
        E::Changed { .. } => "请重试。",
        E::WrongHash { .. } => "文件已被替换或篡改，未予保留：请更新模型目录，或选择镜像。",
        E::NotAModel { .. } => "文件未予保留：请稍后重试，选择镜像，或用浏览器下载后导入模型。",
        E::NoSpace { .. } | E::DiskFull { .. } => "请清理空间，或选择其他模型文件夹，然后重试。",
        E::FileTooLarge { .. } => {
            "请选择其他磁盘上的文件夹（FAT32 磁盘不能存放 4 GB 的文件），或请求提高配额。"
        }
        E::Unwritable { .. } => "请确认当前账户有写入权限，或选择其他模型文件夹。",
        E::Occupied { .. } => "请移动或重命名该文件，或直接导入它。",
        E::TargetTaken { .. } => "请等待其完成，或将其取消。",
        E::InUse { .. } => "请等待其完成，或关闭另一个 Sightline。",
        E::NoFile { .. } => "请检查文件夹名称，并确认磁盘已连接。",
        E::Unreadable { .. } => "请确认当前账户有读取权限。",
        E::BadArchive { .. } => "请选择镜像，或用浏览器下载后查看。",
        E::BadMember { .. } | E::NoMember { .. } => "请更正目录条目中的文件名（member）。",
        E::MemberTooLarge { .. } => "请检查目录条目：这不是预期的文件。",
        E::Broken { .. } => "请关闭其他程序后重试。",
    }
}
