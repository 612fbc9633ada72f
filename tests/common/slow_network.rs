//! A network between a client and a server on this computer that delays, stalls and fails, as TCP shows it: what is lost on the
//! way comes later, and all that follows waits for it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct State {
    /// Milliseconds that each byte travels, in either direction.
    delay: AtomicU64,
    /// Of a thousand pieces of data so many are lost, and come again after the time that TCP waits.
    lost: AtomicU32,
    /// Nothing passes.
    silent: AtomicBool,
    stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// The time after which TCP sends again what was lost, at least.
const AGAIN: Duration = Duration::from_millis(200);

/// See the file.
pub struct SlowNetwork {
    state: Arc<State>,
    pub port: u16,
}

impl SlowNetwork {
    /// A network before the server on this port.
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.stopped.load(SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let _ = from.set_nodelay(true);
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    let state = Arc::clone(&shared);
                    std::thread::spawn(move || carry(from, to, &state));
                }
                shared.open.lock().expect("not poisoned").extend([client, server]);
            }
        });
        Self { state, port }
    }

    /// Half of a round trip takes so long.
    pub fn delay(&self, one_way: Duration) {
        self.state.delay.store(one_way.as_millis() as u64, SeqCst);
    }

    /// Of a thousand pieces so many are lost.
    pub fn lose(&self, of_a_thousand: u32) {
        self.state.lost.store(of_a_thousand, SeqCst);
    }

    /// Nothing passes any more, and no connection ends.
    pub fn silence(&self, on: bool) {
        self.state.silent.store(on, SeqCst);
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in self.state.open.lock().expect("not poisoned").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for SlowNetwork {
    fn drop(&mut self) {
        self.state.stopped.store(true, SeqCst);
        self.cut();
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Carries one direction of a connection until it ends.
fn carry(mut from: TcpStream, mut to: TcpStream, state: &Arc<State>) {
    let (sender, receiver) = sync_channel::<(Instant, Vec<u8>)>(4096);
    let shared = Arc::clone(state);
    std::thread::spawn(move || {
        let mut random = 12_345u32;
        for (came, piece) in receiver {
            let due = came + Duration::from_millis(shared.delay.load(SeqCst));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if (random >> 8) % 1000 < shared.lost.load(SeqCst) {
                std::thread::sleep(AGAIN);
            }
            while shared.silent.load(SeqCst) && !shared.stopped.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut piece = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if sender.send((Instant::now(), piece[..count].to_vec())).is_err() {
            break;
        }
    }
}
