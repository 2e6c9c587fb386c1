//! Runs a target on one input after another, with a limit on its time and its memory.

use crate::MEMORY;
use crate::random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One target at a time: the allocator counts for the whole process.
static ONE: Mutex<()> = Mutex::new(());

/// Inputs that are tried however long they take.
const FEWEST: u64 = 100;

/// Seconds after which an input hangs.
const LONGEST: u64 = 60;

/// Gives `target` what `next` makes, until the time is up. A target may take `bound` of the input's length in memory.
pub(crate) fn hunt(
    name: &str,
    bound: impl Fn(usize) -> usize,
    mut next: impl FnMut(&mut Random) -> Vec<u8>,
    mut target: impl FnMut(&[u8]),
) {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let longer = std::env::var("BACPAC_MUTATE_SECONDS").ok().and_then(|s| s.parse().ok());
    let (seconds, most) = longer.map_or((4, 20_000), |seconds| (seconds, u64::MAX));
    let mut random = Random::new(name);
    let watch = Watch::start(name);
    let began = Instant::now();
    let mut cases = 0;
    while cases < FEWEST || cases < most && began.elapsed() < Duration::from_secs(seconds) {
        let input = next(&mut random);
        watch.case(cases);
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let result = catch_unwind(AssertUnwindSafe(|| target(&input)));
        let used = MEMORY.peak_usage().saturating_sub(before);
        if let Err(panic) = result {
            eprintln!("{name}: case {cases} of {} bytes: {}", input.len(), hex(&input));
            resume_unwind(panic);
        }
        let allowed = bound(input.len());
        assert!(
            used <= allowed,
            "{name}: case {cases} of {} bytes took {used} bytes, more than {allowed}: {}",
            input.len(),
            hex(&input)
        );
        cases += 1;
    }
    eprintln!("{name}: {cases} inputs in {:.1} s", began.elapsed().as_secs_f64());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(4096).map(|b| format!("{b:02x}")).collect()
}

/// Ends the process where one case takes too long: a hanging thread cannot be stopped in any other way.
struct Watch {
    case: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
}

impl Watch {
    fn start(name: &str) -> Self {
        let watch = Self { case: Arc::default(), done: Arc::default() };
        let (case, done, name) = (watch.case.clone(), watch.done.clone(), name.to_owned());
        std::thread::spawn(move || {
            let (mut last, mut seconds) = (u64::MAX, 0);
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_secs(1));
                let now = case.load(Ordering::Relaxed);
                seconds = if now == last { seconds + 1 } else { 0 };
                last = now;
                if seconds > LONGEST && !done.load(Ordering::Relaxed) {
                    eprintln!("{name}: case {now} has not ended in {LONGEST} s");
                    std::process::exit(101);
                }
            }
        });
        watch
    }

    fn case(&self, number: u64) {
        self.case.store(number, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}
