//! The conversations that every output has, however small: each has a pace and a way of opening a connection.
//!
//! Not here: single remarkable flows (`stories`) and the filling up to the wanted rate (`volume`), which
//! borrows the connections of this file.

use crate::address::{
    ADMINISTRATOR, API, APPS, Address, BASTION, CACHE, CLIENT, DATABASE, DEAD_HOST, PLATFORM, REPORTS,
    RESOLVER, SQL_ENDPOINT, WEB, WEB_SECOND, WORKERS, ip,
};
use crate::flow::{Amounts, Encryption, Plan, TCP, Traffic, UDP};
use crate::options::Options;
use crate::rules::Rule;
use crate::scenarios::circuit::Circuit;
use crate::scenarios::people::People;
use crate::stage::{SSH, Stage};

/// At this rate and above the paces below are kept in full; smaller outputs have proportionally less.
const FULL_PACE_TUPLES_PER_HOUR: u64 = 3_000;

/// A kind of connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ClientAsksApi,
    ClientSsh,
    ClientAsksResolver,
    HostAsksResolver,
    Sql,
    Visitor,
    Noise,
    HealthProbe,
    WireServer,
    Browse,
    EncryptedPair,
    LocalPair,
    OldHardware,
    FallbackPair,
    EncryptionDrop,
    DeadHost,
    Administrator,
    Mail,
    OnPremises,
    AppAsksApi,
}

/// Kind, connections an hour at full pace, and the fewest an hour.
const PACES: [(Kind, u64, u64); 19] = [
    (Kind::ClientAsksApi, 16, 4),
    (Kind::ClientSsh, 5, 4),
    (Kind::ClientAsksResolver, 24, 6),
    (Kind::HostAsksResolver, 30, 3),
    (Kind::Sql, 16, 2),
    (Kind::Visitor, 70, 6),
    (Kind::Noise, 100, 6),
    (Kind::HealthProbe, 12, 2),
    (Kind::WireServer, 12, 2),
    (Kind::Browse, 36, 3),
    (Kind::EncryptedPair, 14, 3),
    (Kind::LocalPair, 6, 2),
    (Kind::OldHardware, 4, 2),
    (Kind::FallbackPair, 2, 2),
    (Kind::EncryptionDrop, 2, 2),
    (Kind::DeadHost, 2, 2),
    (Kind::Administrator, 2, 2),
    (Kind::Mail, 4, 2),
    (Kind::OnPremises, 12, 6),
];

/// The kinds and how far each is on its way to its next connection, in sixtieths.
pub(crate) struct Named {
    paces: Vec<(Kind, u64, u64)>,
}

impl Named {
    pub(crate) fn new(options: &Options, stage: &mut Stage) -> Self {
        let rate = options.tuples_per_hour.min(FULL_PACE_TUPLES_PER_HOUR);
        let paces = PACES
            .iter()
            .map(|&(kind, full, fewest)| {
                let per_hour = (full * rate / FULL_PACE_TUPLES_PER_HOUR).max(fewest);
                (kind, per_hour, u64::from(stage.dice.below(60)))
            })
            .collect();
        Self { paces }
    }

    pub(crate) fn play_minute(&mut self, stage: &mut Stage, people: &People, circuit: &mut Circuit) {
        for (kind, per_hour, progress) in &mut self.paces {
            *progress += *per_hour;
            while *progress >= 60 {
                *progress -= 60;
                let start_ms = stage.moment();
                open(*kind, start_ms, stage, people, circuit);
            }
        }
    }
}

/// Opens one connection of a kind, with what belongs to it.
pub(crate) fn open(kind: Kind, start_ms: i64, stage: &mut Stage, people: &People, circuit: &mut Circuit) {
    match kind {
        Kind::ClientAsksApi => api_call(stage, CLIENT, start_ms),
        Kind::AppAsksApi => {
            let app = stage.dice.pick(&APPS);
            api_call(stage, app, start_ms);
        }
        Kind::ClientSsh => ssh(stage, CLIENT, start_ms),
        Kind::ClientAsksResolver => resolve(stage, CLIENT, start_ms),
        Kind::HostAsksResolver => {
            let host = host(stage);
            resolve(stage, host, start_ms);
        }
        Kind::Visitor => visit(stage, people, start_ms),
        Kind::Noise => noise(stage, people, start_ms),
        Kind::Browse => browse(stage, people, start_ms),
        Kind::HealthProbe => {
            let web = stage.dice.pick(&[WEB, WEB_SECOND]);
            exchange(stage, (PLATFORM, web, 443), 20, Amounts::of(4, 66, 3, 70), Encryption::None, start_ms);
        }
        Kind::WireServer => {
            let host = host(stage);
            exchange(
                stage,
                (host, PLATFORM, 80),
                40,
                Amounts::of(6, 210, 5, 640),
                Encryption::None,
                start_ms,
            );
        }
        Kind::Sql => {
            let amounts = transfer(stage, 200, 9_000, 400, 220_000);
            let client = stage.dice.pick(&[API, REPORTS]);
            exchange(stage, (client, SQL_ENDPOINT, 1433), 4_000, amounts, Encryption::None, start_ms);
        }
        Kind::EncryptedPair => {
            let amounts = transfer(stage, 500, 30_000, 900, 400_000);
            exchange(stage, (API, DATABASE, 5432), 20_000, amounts, Encryption::Encrypted, start_ms);
        }
        Kind::LocalPair => {
            let amounts = transfer(stage, 100, 2_000, 100, 20_000);
            exchange(stage, (WEB, CACHE, 6379), 800, amounts, Encryption::LocalDestination, start_ms);
        }
        Kind::OldHardware => {
            let [first, second] = WORKERS;
            let amounts = transfer(stage, 1_000, 90_000, 200, 9_000);
            exchange(stage, (first, second, 445), 9_000, amounts, Encryption::HardwareNotSupported, start_ms);
        }
        Kind::FallbackPair => {
            let amounts = transfer(stage, 300, 3_000, 800, 60_000);
            exchange(stage, (REPORTS, DATABASE, 5432), 3_000, amounts, Encryption::Fallback, start_ms);
        }
        Kind::EncryptionDrop => encryption_drop(stage, start_ms),
        Kind::DeadHost => dead_host(stage, start_ms),
        Kind::Administrator => administrator(stage, start_ms),
        Kind::Mail => mail(stage, people, start_ms),
        Kind::OnPremises => circuit.exchange(stage, start_ms),
    }
}

/// A host inside that asks for names and browses.
fn host(stage: &mut Stage) -> Address {
    let others = [WEB, WEB_SECOND, API, REPORTS, CLIENT, ip(10, 1, 2, 30), ip(10, 1, 2, 31)];
    if stage.dice.chance(500) { stage.dice.pick(&APPS) } else { stage.dice.pick(&others) }
}

/// A short connection that carries all at its end.
fn exchange(
    stage: &mut Stage,
    (source, destination, port): (Address, Address, u16),
    most_duration_ms: u32,
    amounts: Amounts,
    encryption: Encryption,
    start_ms: i64,
) {
    let tuple = stage.tuple(source, destination, port, TCP);
    let duration_ms = i64::from(stage.dice.skewed(3, most_duration_ms));
    stage.open(Plan::new(tuple, start_ms, duration_ms, Traffic::Once(amounts)).with_encryption(encryption));
}

/// A transfer of a skewed size each way.
fn transfer(stage: &mut Stage, low: u32, high: u32, answer_low: u32, answer_high: u32) -> Amounts {
    let sent = stage.dice.skewed(low, high);
    Amounts::transfer(sent, stage.dice.skewed(answer_low, answer_high))
}

fn api_call(stage: &mut Stage, source: Address, start_ms: i64) {
    let amounts = transfer(stage, 300, 4_000, 500, 60_000);
    exchange(stage, (source, API, 8080), 3_000, amounts, Encryption::None, start_ms);
}

/// A session of minutes while SSH is allowed; afterwards an attempt, sent again after one and three seconds.
fn ssh(stage: &mut Stage, source: Address, start_ms: i64) {
    let tuple = stage.tuple(source, WEB, SSH, TCP);
    if start_ms < stage.nossh_ms {
        let duration_ms = stage.dice.span(20_000, 700_000);
        let traffic = Traffic::PerMinute(Amounts::of(90, 130, 80, 310));
        stage.open(Plan::new(tuple, start_ms, duration_ms, traffic));
        return;
    }
    for after_ms in [0, 1_013, 3_029] {
        stage.open(Plan::denied(tuple, start_ms + after_ms, Rule::NoSsh));
    }
}

fn resolve(stage: &mut Stage, source: Address, start_ms: i64) {
    let tuple = stage.tuple(source, RESOLVER, 53, UDP);
    let questions = stage.dice.between(1, 2);
    let amounts = Amounts::of(questions, stage.dice.between(70, 96), questions, stage.dice.between(110, 420));
    let duration_ms = stage.dice.span(2_000, 40_000);
    stage.open(Plan::new(tuple, start_ms, duration_ms, Traffic::Once(amounts)));
}

fn visit(stage: &mut Stage, people: &People, start_ms: i64) {
    // Some scanners ask for what is open, and get an answer.
    let (visitor, amounts) = if stage.dice.chance(40) {
        (people.scanner(&mut stage.dice).0, Amounts::of(4, 70, 3, 80))
    } else {
        (people.visitor(&mut stage.dice), transfer(stage, 400, 6_000, 900, 240_000))
    };
    let web = if stage.dice.chance(700) { WEB } else { WEB_SECOND };
    exchange(stage, (visitor, web, 443), 25_000, amounts, Encryption::None, start_ms);
}

fn noise(stage: &mut Stage, people: &People, start_ms: i64) {
    let (scanner, port) = people.scanner(&mut stage.dice);
    let target = stage.dice.pick(&[WEB, WEB_SECOND, BASTION, CLIENT, REPORTS]);
    let protocol = if matches!(port, 111 | 389 | 11_211) { UDP } else { TCP };
    let tuple = stage.tuple(scanner, target, port, protocol);
    stage.open(Plan::denied(tuple, start_ms, Rule::DenyAllInbound));
    // A second try some seconds later, from the same port.
    if stage.dice.chance(150) {
        let again_ms = start_ms + stage.dice.span(900, 4_000);
        stage.open(Plan::denied(tuple, again_ms, Rule::DenyAllInbound));
    }
}

fn browse(stage: &mut Stage, people: &People, start_ms: i64) {
    let site = people.site(&mut stage.dice);
    let source = host(stage);
    let port = if stage.dice.chance(930) { 443 } else { 80 };
    let amounts = transfer(stage, 500, 20_000, 1_500, 900_000);
    exchange(stage, (source, site, port), 60_000, amounts, Encryption::None, start_ms);
}

/// Traffic between hosts that must encrypt, dropped since one is not ready or refuses.
fn encryption_drop(stage: &mut Stage, start_ms: i64) {
    let tuple = stage.tuple(REPORTS, API, 5433, TCP);
    let encryption =
        if stage.dice.chance(600) { Encryption::SoftwareNotReady } else { Encryption::NotAccepted };
    stage.open(Plan::denied(tuple, start_ms, Rule::EncryptionRequired).with_encryption(encryption));
}

/// Asked three times, never answered: each attempt ends with one packet of its own.
fn dead_host(stage: &mut Stage, start_ms: i64) {
    let [asker, _] = WORKERS;
    let tuple = stage.tuple(asker, DEAD_HOST, 8443, TCP);
    for after_ms in [0, 1_009, 3_022] {
        stage.open(Plan::new(tuple, start_ms + after_ms, 640, Traffic::Once(Amounts::unanswered())));
    }
}

/// The administrator reaches Bastion from outside, and Bastion a host by SSH.
fn administrator(stage: &mut Stage, start_ms: i64) {
    let tuple = stage.tuple(ADMINISTRATOR, BASTION, 443, TCP);
    let duration_ms = stage.dice.span(60_000, 600_000);
    let traffic = Traffic::PerMinute(Amounts::of(200, 160, 240, 700));
    stage.open(Plan::new(tuple, start_ms, duration_ms, traffic));
    ssh(stage, BASTION, start_ms + 1_200);
}

/// Mail straight to the internet, denied where it starts.
fn mail(stage: &mut Stage, people: &People, start_ms: i64) {
    let site = people.site(&mut stage.dice);
    let [_, sender] = WORKERS;
    let tuple = stage.tuple(sender, site, 25, TCP);
    stage.open(Plan::denied(tuple, start_ms, Rule::DenyMail));
}
