//! The floor under any verifier, and our own from Rust, in microseconds per Response.
//!
//! `cargo bench --bench verify -- FOLDER`: FOLDER holds `<name>.xml`, `idp.pem` and `exchange.json`
//! (`sp_entity_id`, `acs_url`, `idp_entity_id`, `request_id`, `now`). Prints one JSON object a document.
#![allow(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use memberof::dsig::{Certificate, TrustedKey};
use memberof::limits::Limits;
use memberof::saml::{Exchange, IdentityProvider, ServiceProvider};
use memberof::time::UtcTime;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        return; // `cargo test --benches` starts it without a folder
    };
    let folder = Path::new(&folder);
    let rsa = RsaFloor::new();
    let ours = Ours::from_folder(folder);
    let pending = [ours.request_id.as_str()];
    let exchange = Exchange { now: ours.now, request_ids: &pending, unsolicited: false };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "xml"));
    files.sort();
    for path in files {
        let xml = std::fs::read(&path).unwrap();
        let signed = assertion(&xml);
        let floor = median(|| {
            rsa.verify();
            black_box(digest(&SHA256, signed));
            black_box(pull(&xml));
        });
        let verify = median(|| {
            black_box(ours.provider.verify_xml(&xml, &exchange).unwrap());
        });
        let name = path.file_stem().unwrap().to_string_lossy();
        println!("{{\"name\": \"{name}\", \"floor_us\": {floor:.2}, \"verify_us\": {verify:.2}}}");
    }
}

/// An RSA-2048/SHA-256 verification with a parsed key over a message as long as a SignedInfo.
struct RsaFloor {
    key: ParsedPublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl RsaFloor {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let message = vec![b'x'; 700];
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).unwrap();
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).unwrap();
        Self { key, message, signature }
    }

    fn verify(&self) {
        self.key.verify_sig(&self.message, &self.signature).unwrap();
    }
}

/// Our service provider and the request that is answered.
struct Ours {
    provider: ServiceProvider,
    request_id: String,
    now: UtcTime,
}

impl Ours {
    fn from_folder(folder: &Path) -> Self {
        let exchange = std::fs::read(folder.join("exchange.json")).unwrap();
        let exchange: serde_json::Value = serde_json::from_slice(&exchange).unwrap();
        let text = |name: &str| exchange[name].as_str().unwrap().to_owned();
        let pem = std::fs::read_to_string(folder.join("idp.pem")).unwrap();
        let certificates = Certificate::all_from_pem(&pem).unwrap();
        let provider = ServiceProvider {
            entity_id: text("sp_entity_id"),
            acs_urls: vec![text("acs_url")],
            identity_provider: IdentityProvider {
                entity_id: text("idp_entity_id"),
                signing_keys: certificates
                    .iter()
                    .map(|one| TrustedKey::from_certificate(one).unwrap())
                    .collect(),
            },
            decryption_keys: Vec::new().into(),
            clock_skew_seconds: 60,
            allow_unsolicited: false,
            limits: Limits::DEFAULT,
        };
        Self { provider, request_id: text("request_id"), now: UtcTime::parse(&text("now")).unwrap() }
    }
}

fn assertion(xml: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(xml).unwrap();
    let start = text.find("Assertion ").map_or(0, |at| text[..at].rfind('<').unwrap());
    let end = text.rfind("Assertion>").map_or(text.len(), |at| at + "Assertion>".len());
    &xml[start..end]
}

fn pull(xml: &[u8]) -> usize {
    let mut reader = Reader::from_reader(xml);
    let mut events = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return events,
            _ => events += 1,
        }
    }
}

/// The median time of one call, of samples short enough that few are interrupted.
fn median(mut job: impl FnMut()) -> f64 {
    const SAMPLE: Duration = Duration::from_micros(400);
    let mut time = |calls: u32| {
        let start = Instant::now();
        for _ in 0..calls {
            job();
        }
        start.elapsed() / calls
    };
    time(20);
    let calls = u32::try_from(SAMPLE.as_nanos() / time(20).as_nanos()).unwrap().max(1);
    let until = Instant::now() + Duration::from_millis(600);
    let mut samples = Vec::new();
    while Instant::now() < until {
        samples.push(time(calls).as_secs_f64() * 1e6);
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
