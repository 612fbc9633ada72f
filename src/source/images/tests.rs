//! Folders, globs and files of images.

use std::cmp::Ordering;

use super::*;

fn folder(images: &[(&str, u8)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, red) in images {
        let image = RgbaImage::from_pixel(2, 1, image::Rgba([*red, 0, 0, 255]));
        DynamicImage::from(image).to_rgb8().save(folder.path().join(name)).expect("saved");
    }
    folder
}

fn reds(source: &mut Images) -> Vec<u8> {
    let mut frame = Frame::default();
    let mut reds = Vec::new();
    while source.read(&mut frame, Duration::ZERO).expect("readable") == Read::Frame {
        reds.push(frame.data[0]);
    }
    reds
}

#[test]
fn a_folder_is_shown_in_natural_order() {
    let folder = folder(&[("a10.png", 10), ("a2.png", 2), ("a1.png", 1), ("b.bmp", 20)]);
    std::fs::write(folder.path().join("notes.txt"), "no image").expect("written");
    let mut images = Images::folder(folder.path()).expect("images");
    assert_eq!(images.info().frames, Some(4));
    assert_eq!(reds(&mut images), [1, 2, 10, 20]);
    images.seek(2.0).expect("it can seek");
    assert_eq!(reds(&mut images), [10, 20]);
    let pattern = format!("{}/a*.png", folder.path().display());
    assert_eq!(reds(&mut Images::glob(&pattern).expect("images")), [1, 2, 10]);
}

#[test]
fn a_broken_image_is_skipped_and_a_single_one_is_an_error() {
    let folder = folder(&[("1.png", 1), ("3.png", 3)]);
    std::fs::write(folder.path().join("2.png"), b"\x89PNG\r\n\x1a\nbroken").expect("written");
    assert_eq!(reds(&mut Images::folder(folder.path()).expect("images")), [1, 3]);
    let mut single = Images::file(&folder.path().join("2.png")).expect("there");
    let answer = single.read(&mut Frame::default(), Duration::ZERO);
    assert!(matches!(answer, Err(SourceError::Unreadable { .. })), "{answer:?}");
}

#[test]
fn a_place_without_images_is_an_error() {
    let folder = folder(&[]);
    assert!(matches!(Images::folder(folder.path()), Err(SourceError::NoImages { .. })));
    assert!(matches!(Images::file(&folder.path().join("none.png")), Err(SourceError::NoFile { .. })));
    assert!(matches!(Images::folder(&folder.path().join("none")), Err(SourceError::NoFile { .. })));
    assert!(matches!(Images::glob("***"), Err(SourceError::Unknown { .. })));
}

#[test]
fn transparent_pixels_become_white() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0])).save(&path).expect("saved");
    let mut frame = Frame::default();
    load(&path, &mut frame, &mut None).expect("read");
    assert_eq!(frame.data, [255; 4]);
}

/// A PNG chunk with its check sum.
fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    let mut crc = u32::MAX;
    for byte in &body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    [&(data.len() as u32).to_be_bytes()[..], &body, &(!crc).to_be_bytes()].concat()
}

/// A PNG of this size without pixels.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]);
    let pixels = chunk(*b"IDAT", &[0x78, 1, 3, 0]);
    [b"\x89PNG\r\n\x1a\n", &chunk(*b"IHDR", &head)[..], &pixels, &chunk(*b"IEND", &[])].concat()
}

#[test]
fn too_large_an_image_is_refused_with_its_size_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.png");
    std::fs::write(&path, png(16_384, 16_384)).expect("written");
    let reason = load(&path, &mut Frame::default(), &mut None).expect_err("too large");
    assert!(reason.contains("16384×16384") && reason.contains("269 megapixels"), "{reason}");
}

/// The most memory that this process has held so far, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("kB") * 1024
}

/// Three megabytes of deflate are 500 megabytes of profile; the image is shown without it.
#[test]
#[cfg(target_os = "linux")]
fn a_packed_profile_may_not_fill_the_memory() {
    const UNPACKED: u64 = 500 << 20;
    // A fixed block: a literal 0, then its repetition 258 times at a distance of 1, again and again.
    let mut bits: Vec<bool> = [true, true, false].into();
    let code = |bits: &mut Vec<bool>, code: u32, len: u32| {
        bits.extend((0..len).rev().map(|bit| code >> bit & 1 == 1));
    };
    code(&mut bits, 0x30, 8);
    for _ in 0..UNPACKED / 258 {
        code(&mut bits, 0xc5, 8);
        code(&mut bits, 0, 5);
    }
    code(&mut bits, 0, 7);
    let bytes =
        bits.chunks(8).map(|bits| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit)));
    let mut packed = vec![0x78, 1];
    packed.extend(bytes);
    packed.extend([0; 4]);
    let profile = [&b"profile\0\0"[..], &packed].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("packed.png");
    RgbaImage::from_pixel(16, 16, image::Rgba([9, 8, 7, 255])).save(&path).expect("saved");
    // Behind the header: 8 bytes of signature, 25 of IHDR.
    let mut file = std::fs::read(&path).expect("read");
    file.splice(33..33, chunk(*b"iCCP", &profile));
    std::fs::write(&path, file).expect("written");
    let before = peak_memory();
    let mut frame = Frame::default();
    load(&path, &mut frame, &mut None).expect("an image");
    assert_eq!((frame.width, frame.data[2]), (16, 7));
    assert!(peak_memory() - before < UNPACKED / 2, "{} more bytes", peak_memory() - before);
}

fn natural(a: &str, b: &str) -> Ordering {
    alphanumeric_sort::compare_str(a, b)
}

#[test]
fn names_are_ordered_by_their_numbers() {
    for (a, b) in [
        ("a2", "a10"),
        ("2b", "10a"),
        ("a", "a1"),
        ("帧9", "帧10"),
        ("帧09", "帧10"),
        ("007", "8"),
        ("7", "007"),
        ("01a", "1b"),
        ("a/2.png", "a/10.png"),
        ("img_99999999999999999999998", "img_99999999999999999999999"),
    ] {
        assert_eq!(natural(a, b), Ordering::Less, "{a} {b}");
        assert_eq!(natural(b, a), Ordering::Greater, "{b} {a}");
    }
}

#[test]
fn copies_come_after_the_original() {
    let names =
        ["照片1副本.png", "照片1.png", "a1 (2).png", "a1.png", "a1.jpg", "a01.png", "b/2.png", "b/10.png"];
    let sorted = in_natural_order(names.iter().map(PathBuf::from).collect());
    let want =
        ["a1.jpg", "a1.png", "a01.png", "a1 (2).png", "b/2.png", "b/10.png", "照片1.png", "照片1副本.png"];
    assert_eq!(sorted, want.map(PathBuf::from));
}

proptest::proptest! {
    /// Sorting panics if an order contradicts itself.
    #[test]
    fn the_order_of_names_never_contradicts_itself(
        a in "[019a帧章. -]{0,6}", b in "[019a帧章. -]{0,6}", c in "[019a帧章. -]{0,6}"
    ) {
        proptest::prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
        proptest::prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
        if natural(&a, &b).is_lt() && natural(&b, &c).is_lt() {
            proptest::prop_assert!(natural(&a, &c).is_lt());
        }
    }
}

#[test]
fn a_folder_whose_files_have_vanished_is_an_error_at_the_next_pass() {
    let folder = folder(&[("1.png", 1), ("2.png", 2), ("3.png", 3)]);
    let mut images = Images::folder(folder.path()).expect("images");
    assert_eq!(reds(&mut images), [1, 2, 3]);
    std::fs::remove_file(folder.path().join("3.png")).expect("removed");
    images.seek(2.0).expect("it can seek");
    let mut frame = Frame::default();
    assert_eq!(images.read(&mut frame, Duration::ZERO), Ok(Read::End), "only the last image is gone");
    images.seek(0.0).expect("it can seek");
    assert_eq!(reds(&mut images), [1, 2]);
    for name in ["1.png", "2.png"] {
        std::fs::remove_file(folder.path().join(name)).expect("removed");
    }
    images.seek(0.0).expect("it can seek");
    let read = images.read(&mut frame, Duration::ZERO);
    assert!(matches!(read, Err(SourceError::NoFile { .. })), "{read:?}");
}

#[test]
fn a_panic_of_a_decoder_is_an_error() {
    let answer = without_panic(|| panic!("index out of bounds"));
    assert_eq!(answer, Err("it is damaged in a way that the decoder cannot handle".into()));
    assert_eq!(without_panic(|| Ok(())), Ok(()));
}
