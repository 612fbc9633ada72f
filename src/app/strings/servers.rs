//! The texts of models on inference servers.

use super::failures::{Explain, FailureText};
use super::page_text::Texts;
use super::phrases::phrase;
use crate::model::labels::Language;
use crate::server::{ADDRESSES, AddressError, ServerError, ServerListError};

strings! {
    /// The inference servers on the library page.
    Servers {
        tab: fn(usize) -> String = |n| if n == 0 { "Servers".into() } else { format!("Servers ({n})") },
            |n| if n == 0 { "服务器".into() } else { format!("服务器（{n}）") };
        none = "No servers yet", "还没有服务器";
        explained =
            "A model can run on an inference server (Triton, KServe, OpenVINO Model Server) instead of this computer. Add a server's address above to see its models.",
            "模型可以在推理服务器（Triton、KServe、OpenVINO Model Server）上运行，而不占用本机。在上方添加服务器地址即可查看它的模型。";
        how_to_deploy =
            "To run a model of this computer on a server, choose \"Deploy to a server…\" in its menu.",
            "要在服务器上运行本机的模型，请在其菜单中选择“部署到服务器…”。";
        unreadable = "The list of servers can't be read", "无法读取服务器列表";
        address = "Address", "地址";
        address_hint =
            "oip:// speaks HTTP, oips:// HTTP over TLS, grpc:// and grpcs:// gRPC. Triton's ports are 8000 and 8001.",
            "oip:// 使用 HTTP，oips:// 使用带 TLS 的 HTTP，grpc:// 和 grpcs:// 使用 gRPC。Triton 的端口是 8000 和 8001。";
        address_fix =
            "Write oip://HOST:PORT, oips:// (TLS), grpc:// or grpcs://.",
            "请写成 oip://HOST:PORT，或以 oips://（TLS）、grpc://、grpcs:// 开头。";
        token = "Token (optional)", "令牌（可选）";
        token_hint =
            "Sent to this server only. It is kept in a file that only you can read, apart from the settings.",
            "只发送给该服务器，保存在仅您可读的文件中，与设置分开。";
        certificate = "Certificate file (optional)", "证书文件（可选）";
        certificate_hint =
            "A PEM file with the certificate of the authority that issued the server's.",
            "签发服务器证书的机构的证书，PEM 格式。";
        add = "Add server", "添加服务器";
        remove = "Forget this server…", "移除此服务器…";
        /// The question before it; given the address.
        forget: fn(&str) -> String = |address| format!("Forget {address}?"), |address| format!("移除 {address}？");
        forget_text =
            "Its token is forgotten too. The server itself and its models stay as they are.",
            "它的令牌也会一并移除。服务器本身及其模型不受影响。";
        forget_it = "Forget", "移除";
        has_token = "Token saved", "已保存令牌";
        has_certificate: fn(&str) -> String =
            |file| format!("certificate {file}"),
            |file| format!("证书 {file}");
        ask = "Ask again", "重新查询";
        asking = "Asking…", "正在查询…";
        network: fn(f32) -> String =
            |ms| if ms < 0.1 { "network < 0.1 ms".into() } else { format!("network {ms:.1} ms") },
            |ms| if ms < 0.1 { "网络 < 0.1 ms".into() } else { format!("网络 {ms:.1} ms") };
        network_hint = "How long a question and its answer take, without a model.", "一次问答所需的时间，不含模型计算。";
        compute: fn(f32) -> String = |ms| format!("model {ms:.1} ms"), |ms| format!("模型 {ms:.1} ms");
        version: fn(&str) -> String = |v| format!("version {v}"), |v| format!("版本 {v}");
        not_ready = "Not ready", "尚未就绪";
        no_models = "This server has no model.", "该服务器上没有模型。";
        /// Given how many.
        left_out: fn(usize) -> String =
            |n| format!("{n} more models aren't listed."),
            |n| format!("另有 {n} 个模型未列出。");
        compare = "Compare", "比较";
        compare_hint = "Run it next to the current model, on the same frames.", "与当前模型在同一画面上并排运行。";
        fallback_local = "While it doesn't respond, use the model of the same name on this computer", "服务器无响应时，使用本机上同名的模型";
        fallback_local_hint =
            "Results go on, and the preview says that this computer makes them.",
            "结果不会中断，画面上会注明由本机计算。";
        fallbacks: fn(&str) -> String =
            |list| format!("While it doesn't respond: {list}"),
            |list| format!("无响应时使用：{list}");
        /// Over the preview, of a model that another place runs than the one that was chosen. Given where.
        stands_in: fn(&str) -> String =
            |place| format!("The server doesn't respond; {place} runs the model"),
            |place| format!("服务器无响应，改由 {place} 运行模型");
        this_computer = "this computer", "本机";
        /// Under the reason why a server gives no result.
        tries_again = "Sightline tries again by itself.", "Sightline 会自动重试。";
        round_trip = "Round trip", "往返时间";
        round_trip_hint =
            "From sending the image to the server to having its result: network and model together.",
            "从向服务器发送画面到收到结果的时间，包括网络和模型。";
        in_flight = "Requests at once", "并发请求";
        traffic = "Data per frame", "每帧数据量";
    }
}

impl Explain for ServerError {
    fn english_fix(&self) -> String {
        match self {
            Self::Certificate { .. } => {
                "If an authority of your own issued it, enter the address again under Servers in the model library, with that authority's certificate file.".into()
            }
            Self::Forbidden { .. } => {
                "Enter its address again under Servers in the model library, with a token.".into()
            }
            Self::NoModel { .. } => "Servers in the model library lists the models that it has.".into(),
            error => error.fix(),
        }
    }

    fn chinese(&self) -> FailureText {
        server_texts(self).into_chinese()
    }
}

impl Explain for AddressError {
    fn english_fix(&self) -> String {
        match self {
            Self::NoModel(address) => {
                let server = address.trim_end_matches('/');
                format!("Add the model's name: {server}/NAME. Servers in the model library lists the names.")
            }
            Self::Extra => "Save a token for the server under Servers in the model library.".into(),
            error => error.fix(),
        }
    }

    fn chinese(&self) -> FailureText {
        address_texts(self).into_chinese()
    }
}

impl Explain for ServerListError {
    fn english_fix(&self) -> String {
        self.fix()
    }

    fn chinese(&self) -> FailureText {
        list_texts(self).into_chinese()
    }
}

fn zh(text: &str) -> String {
    phrase(Language::Chinese, text).into_owned()
}

/// What is wrong with a server, in a few words.
#[must_use]
pub fn server_title(language: Language, error: &ServerError) -> String {
    server_texts(error).title(language)
}

/// The page of a model whose server gives no result.
pub(super) fn server_texts(error: &ServerError) -> Texts {
    match error {
        ServerError::Unreachable { server, reason } => Texts::new(
            "Server not reached",
            "无法连接服务器",
            format!("无法连接服务器 {server}：{}。", zh(reason)),
            "请检查地址、服务器是否在运行，以及中间是否有防火墙。",
        ),
        ServerError::Lost { server, reason } => Texts::new(
            "Connection lost",
            "连接中断",
            format!("与 {server} 的连接已中断：{}。", zh(reason)),
            "请确认服务器仍在运行，并检查网络。",
        ),
        ServerError::TimedOut { server, after } => Texts::new(
            "The server doesn't respond",
            "服务器无响应",
            format!("{server} 在 {} 秒内没有响应。", after.as_secs_f32()),
            "服务器或网络太慢，或服务器没有反应。",
        ),
        ServerError::Certificate { server, reason } => Texts::new(
            "The server's certificate isn't trusted",
            "服务器证书不受信任",
            format!("{server} 的证书不受信任：{}。", zh(reason)),
            "如果证书由自建机构签发，请在模型库的“服务器”中重新输入该地址，并填写该机构的证书文件。",
        ),
        ServerError::Forbidden { server, status } => Texts::new(
            "The server refuses access",
            "服务器拒绝访问",
            format!("{server} 拒绝访问（{status}）。"),
            "请在模型库的“服务器”中重新输入该地址和令牌。",
        ),
        ServerError::NoModel { server, model } => Texts::new(
            "No such model on the server",
            "服务器上没有此模型",
            format!("{server} 上没有模型“{model}”。"),
            "模型库的“服务器”会列出它的模型。",
        ),
        ServerError::NotReady { server, model, reason } => Texts::new(
            "The model isn't ready",
            "模型尚未就绪",
            match reason {
                Some(reason) => format!("{server} 上的模型“{model}”尚未就绪：{}。", zh(reason)),
                None => format!("{server} 上的模型“{model}”尚未就绪。"),
            },
            "请等待服务器加载完成，或查看服务器的日志。",
        ),
        ServerError::Busy { server } => Texts::new(
            "The server is busy",
            "服务器繁忙",
            format!("{server} 收到的请求过多。"),
            "请等待请求减少，或启动更多服务器。",
        ),
        ServerError::Failed { server, message } => Texts::new(
            "The server reports an error",
            "服务器报告错误",
            format!("{server} 报告错误：{}。", zh(message)),
            "请查看服务器的日志。",
        ),
        ServerError::Garbled { server, reason } => Texts::new(
            "The server's response isn't understood",
            "无法理解服务器的响应",
            format!("无法理解 {server} 发来的内容：{}。", zh(reason)),
            "请确认该地址是 Open Inference Protocol（第 2 版）服务器，并检查那里的模型输出。",
        ),
        ServerError::Changed { server, model } => Texts::new(
            "Another model on the server",
            "服务器上的模型已更换",
            format!("{server} 上的模型“{model}”现在是另一个模型。"),
            "请重新打开该模型。",
        ),
        ServerError::NoList { server } => Texts::new(
            "The server doesn't list its models",
            "服务器不提供模型列表",
            format!("{server} 不提供模型列表。"),
            format!("请自己写出模型名称：{server}/NAME。"),
        ),
        ServerError::BadCertificateFile { path, reason } => Texts::new(
            "The certificate file can't be used",
            "证书文件无法使用",
            format!("证书文件“{path}”无法使用：{}。", zh(reason)),
            "文件内容必须是 PEM 格式的证书。",
        ),
        ServerError::Setup { server, reason } => Texts::new(
            "The connection can't be set up",
            "无法建立连接",
            format!("无法建立与 {server} 的连接：{}。", zh(reason)),
            "请检查服务器和代理的设置。",
        ),
        ServerError::Stopped => Texts::new("Stopped", "已停止", "请求已停止。", ""),
    }
}

/// The page of a wrong address.
pub(super) fn address_texts(error: &AddressError) -> Texts {
    let write = format!("请写成“{ADDRESSES}”。");
    let (explanation, fix) = match error {
        AddressError::Scheme(text) => {
            (format!("“{text}”不是推理服务器的地址：开头应为“oip://”“oips://”“grpc://”或“grpcs://”。"), write)
        }
        AddressError::Host(text) => (format!("地址“{text}”没有主机名。"), write),
        AddressError::Port(text) => (format!("地址“{text}”的端口不是 1 到 65535 的数字。"), write),
        AddressError::NoModel(text) => (
            format!("地址“{text}”没有模型名称。"),
            format!(
                "请加上模型名称：“{}/NAME”。模型库的“服务器”会列出这些名称。",
                text.trim_end_matches('/')
            ),
        ),
        AddressError::HasModel { address, model } => {
            (format!("“{address}”是模型的地址，不是服务器的地址。"), format!("请去掉“/{model}”。"))
        }
        AddressError::TooLong(text) => (format!("地址“{text}”除模型名称和版本外还有其他部分。"), write),
        AddressError::Extra => (
            "推理服务器的地址不能含有密码、“?”或“#”。".into(),
            "请在模型库的“服务器”中给服务器保存令牌。".into(),
        ),
    };
    Texts::new("Not the address of a model on a server", "不是服务器上模型的地址", explanation, fix)
}

/// The page of a list of servers that can't be used.
pub(super) fn list_texts(error: &ServerListError) -> Texts {
    match error {
        ServerListError::Unreadable { path, reason } => Texts::new(
            "Can't read the list of servers",
            "无法读取服务器列表",
            format!("服务器列表“{}”无法读取：{}。", path.display(), zh(reason)),
            "请更正或删除该文件。",
        ),
        ServerListError::Unwritable { path, reason } => Texts::new(
            "Can't save the list of servers",
            "无法保存服务器列表",
            format!("服务器列表“{}”无法保存：{}。", path.display(), zh(reason)),
            "请确认磁盘有空间，且当前账户有写入权限。",
        ),
    }
}
