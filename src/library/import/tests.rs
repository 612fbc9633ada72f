use super::*;

/// An ONNX file whose weights lie in `weights.bin`.
#[cfg(unix)]
fn with_weights(path: &Path) {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let place = [field(1, b"location"), field(2, b"weights.bin")].concat();
    let graph = field(5, &[field(8, b"w"), field(13, &place)].concat());
    std::fs::write(path, [field(7, &graph), field(8, &[16, 17])].concat()).unwrap();
}

#[cfg(unix)]
#[test]
fn weights_are_copied_from_the_models_own_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    std::fs::write(at("secret"), "private").unwrap();
    let model = at("model/a.onnx");
    with_weights(&model);
    std::os::unix::fs::symlink("../secret", at("model/weights.bin")).unwrap();
    let library = at("library/x");
    let library = library.parent().unwrap();
    let error = import(&model, library, ImportMode::Copy).unwrap_err();
    assert!(error.to_string().contains("a link to a file outside"), "{error}");
    assert_eq!(std::fs::read_dir(library).unwrap().count(), 0);
    // A link of a model leaves its weights where they are.
    import(&model, library, ImportMode::Link).unwrap();
    // Hugging Face's cache: what has a name is a link to what has a hash.
    with_weights(&at("cache/blobs/1234"));
    std::fs::write(at("cache/blobs/5678"), "weights").unwrap();
    for (name, blob) in [("b.onnx", "1234"), ("weights.bin", "5678")] {
        let link = at("cache/snapshots/main/x").with_file_name(name);
        std::os::unix::fs::symlink(format!("../../blobs/{blob}"), link).unwrap();
    }
    let imported = import(&at("cache/snapshots/main/b.onnx"), library, ImportMode::Copy).unwrap();
    let weights = imported[0].path.with_file_name("weights.bin");
    assert_eq!(std::fs::read_to_string(&weights).unwrap(), "weights");
    assert!(!weights.is_symlink());
}

#[cfg(unix)]
#[test]
fn settings_without_an_end_are_refused_with_their_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("a.onnx");
    std::fs::write(&model, [0x3a, 2, 0x0a, 0, 0x42, 2, 16, 17]).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("a.toml")).unwrap();
    let library = folder.path().join("library");
    let error = import(&model, &library, ImportMode::Copy).unwrap_err();
    assert!(error.to_string().contains("a.toml") && error.to_string().contains("it is a device"), "{error}");
    assert!(!library.exists());
    // A gigabyte in an archive of a few kilobytes.
    let archive = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(File::create(&archive).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("a.onnx", options).unwrap();
    zip.write_all(&std::fs::read(&model).unwrap()).unwrap();
    zip.start_file("a.toml", options).unwrap();
    (0..16).for_each(|_| zip.write_all(&vec![b'#'; 1 << 20]).unwrap());
    zip.finish().unwrap();
    let error = import(&archive, &library, ImportMode::Copy).unwrap_err();
    assert!(error.to_string().contains("it is larger than 8 MB"), "{error}");
    assert_eq!(std::fs::read_dir(&library).unwrap().count(), 0, "nothing is left");
}
