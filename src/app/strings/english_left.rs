//! Finds English that was left in a Chinese text, for tests.

/// Two English words in a row that are neither quoted nor a command or name; or a single one that only sentences have.
pub(super) fn english_in(text: &str) -> Option<String> {
    const NAMES: [&str; 4] =
        ["sudo apt install ffmpeg", "selfie segmentation", "external data", "sudo usermod"];
    const OF_SENTENCES: [&str; 24] = [
        "the", "is", "isn't", "not", "no", "of", "and", "or", "can't", "doesn't", "with", "for", "its", "it",
        "an", "are", "that", "this", "from", "which", "taken", "needed", "has", "have",
    ];
    let mut plain = String::new();
    let (mut quoted, mut code) = (0, false);
    for c in text.chars() {
        match c {
            '“' => quoted += 1,
            '”' => quoted -= 1,
            '`' => code = !code,
            _ if quoted > 0 || code => {}
            _ if !c.is_ascii() => plain.push_str(" | "),
            _ => plain.push(c),
        }
    }
    for name in NAMES {
        plain = plain.replace(name, "");
    }
    let is_word = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '\'');
    let words: Vec<&str> = plain.split_whitespace().collect();
    let single = words.iter().find(|word| OF_SENTENCES.contains(word));
    let two = words.windows(2).find(|pair| pair.iter().all(|word| is_word(word)));
    single.map(|word| (*word).to_owned()).or_else(|| two.map(|pair| pair.join(" ")))
}

#[test]
fn untranslated_english_is_found() {
    assert_eq!(english_in("模型“the file”无法打开：没有权限。"), None);
    assert_eq!(english_in("请运行“sudo apt install ffmpeg”。"), None);
    assert!(english_in("模型无法打开：permission denied。").is_some());
    assert!(english_in("模型无法打开：it holds no model。").is_some());
}
