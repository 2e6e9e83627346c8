//! Decides rows in a service: the detector is loaded once and shared by all threads.
//! `oodbench calibrate dumps/RUN --score mds --false-alarms 5% --out my.detector`, then
//! `cargo run --release -p oodbench --example decide_rows -- my.detector`
#![allow(clippy::print_stdout, reason = "an example shows what it decided")]

use oodbench::detector::{Detector, Row};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let detector = Detector::load(std::env::args().nth(1).ok_or("name a file that oodbench calibrate wrote")?)?;
    let classes = detector.inputs()[0].columns;
    for peak in [-0.1_f32, -2.0, -9.0] {
        let logits: Vec<f32> = (0..classes).map(|class| if class == 0 { peak } else { -10.0 }).collect();
        let decision = detector.decide(&Row::new().with_logits(&logits))?;
        println!("flagged: {}, score {}, p = {}", decision.flagged, decision.score, decision.p_value);
    }
    Ok(())
}
