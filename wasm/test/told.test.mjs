// Sessions that were told what came before their rows answer as those that look it up, whatever the filter.

import test from "node:test";
import assert from "node:assert/strict";
import { vnetflow } from "./support.mjs";

const { Session, shareOutBlooms, shareOutPasts, shareOutTimes } = vnetflow;

const ANALYSES = [
  "summary", "top", "conversations", "rules", "matrix", "denied", "encryption", "timeline", "sessions",
  "endpoints", "exposure", "one_way", "scans", "beacons", "findings",
];
const FILTERS = [
  "", "dst port 443", "tcp and not port 50001", "not src 10.0.0.1", "outbound or denied", "rule web", "not rule web and time >= 2024-05-01T09:40Z", "bytes > 40",
  "time >= 2024-05-01T09:30Z", "tcp and time in 2024-05-01T09:20Z..2024-05-01T10:40Z", "time < 2024-05-01T10:00Z", "host 10.9.9.9",
];

/** An hour of flows that begin before, in or never in it, each of ten conversations with a few source ports. */
function log(hour, seed) {
  let state = seed;
  const dice = (below) => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  const start = Date.parse("2024-05-01T09:00Z") + hour * 1_800_000;
  const tuples = Array.from({ length: 4000 }, (_, number) => {
    const end = dice(10);
    const kind = ["B", "C", "C", "E", "D"][dice(5)];
    const counters = kind === "B" || kind === "D" ? "0,0,0,0" : `${dice(9)},${dice(90)},1,${dice(50)}`;
    return `${start + number * 400},10.0.0.${end},10.1.0.${end % 3},${50_000 + dice(40)},${[443, 22][end % 2]},6,${"IO"[end % 2]},${kind},NX,${counters}`;
  });
  const flows = [["web", tuples.slice(0, 2500)], ["other", tuples.slice(2500)]];
  const flowGroups = flows.map(([rule, flowTuples]) => ({ rule, flowTuples }));
  const record = {
    time: new Date(start).toISOString(), flowLogVersion: 4, macAddress: "112233445566", category: "FlowLogFlowEvent",
    flowRecords: { flows: [{ aclID: "acl", flowGroups }] },
  };
  return new TextEncoder().encode(JSON.stringify({ records: [record] }));
}

function read(...logs) {
  const session = new Session({ pageRows: 1000 });
  for (const [place, bytes] of logs.entries()) {
    session.start(`PT${place}H.json`, place);
    session.push(bytes);
    session.finish();
  }
  return session;
}

function tell(sessions) {
  const all = sessions.map((session) => ({ session, pasts: session.beginPasts() }));
  for (const { session, pasts } of all) while (!session.findPasts(pasts));
  const blooms = shareOutBlooms(all.map(({ pasts }) => pasts.bloom(8)));
  all.forEach(({ pasts }, place) => pasts.keepBloom(blooms[place]));
  for (const portion of [0, 1, 2]) {
    const shares = shareOutPasts(all.map(({ pasts }) => pasts.toBytes(portion, 3)));
    all.forEach(({ pasts }, place) => pasts.keep(portion, 3, shares[place]));
  }
  for (const { session, pasts } of all) if (pasts.needsTimes()) while (!session.findTimes(pasts));
  const times = shareOutTimes(all.map(({ pasts }) => pasts.timesToBytes()));
  all.forEach(({ session, pasts }, place) => {
    pasts.keepTimes(times[place]);
    while (!session.tellPasts(pasts));
  });
}

function answers([leader, ...others], filter, told) {
  const questions = JSON.stringify(ANALYSES.map((analysis) => ({ analysis })));
  const begin = (session) => {
    const job = session.begin(questions, filter, false, told);
    while (!session.step(job));
    return job;
  };
  const jobs = others.map((session) => [session, begin(session)]);
  const job = begin(leader);
  return ANALYSES.map((_, index) => leader.complete(job, index, jobs.map(([session, other]) => session.partial(other, index))));
}

test("told or not, every answer is the same", () => {
  const sessions = () => [read(log(0, 1), log(3, 2)), read(log(1, 3), log(2, 4))];
  const plain = sessions();
  const told = sessions();
  // What a session made of its rows before it was told must not stay.
  answers(told, FILTERS[2], false);
  tell(told);
  for (const filter of FILTERS) {
    const expected = answers(plain, filter, false);
    const found = answers(told, filter, true);
    ANALYSES.forEach((analysis, index) => assert.deepEqual(found[index], expected[index], `${analysis} of \`${filter}\``));
  }
});

test("a question that counts on being told is refused where more was read", () => {
  const session = read(log(0, 1));
  tell([session]);
  session.start("more.json", 1);
  session.push(log(1, 2));
  session.finish();
  const job = session.begin(JSON.stringify([{ analysis: "conversations" }]), "", false, true);
  assert.throws(() => { while (!session.step(job)); }, /more was read/);
});

const PARTS_OF_FINDINGS = ["findings", "exposure", "beacons", "one_way"];

/** The answers of findings, and of what they are made of, by rows and completed by the first session: each alone, and together. */
function gathered(sessions, filter) {
  const [leader, other] = sessions;
  const complete = (analyses, also) => {
    const questions = JSON.stringify(analyses.map((analysis) => ({ analysis, parameters: {} })));
    const [own, theirs] = sessions.map((session) => {
      const job = session.begin(questions, filter, false, true);
      while (!session.step(job));
      return job;
    });
    const found = analyses.map((_, index) => leader.complete(own, index, [other.partial(theirs, index)], [], also));
    leader.end(own);
    other.end(theirs);
    return Object.assign({}, ...found);
  };
  return [complete(PARTS_OF_FINDINGS), complete(["findings"], PARTS_OF_FINDINGS.slice(1))];
}

test("the findings over everything tell what a filter leaves of them", () => {
  const sessions = [read(log(0, 1), log(3, 2)), read(log(1, 3), log(2, 4))];
  tell(sessions);
  const [leader] = sessions;
  const questions = (...analyses) => JSON.stringify(analyses.map((analysis) => ({ analysis, parameters: {} })));
  const narrowed = (filter) => leader.narrowed(questions(...PARTS_OF_FINDINGS), filter);
  assert.equal(narrowed("tcp"), undefined, "nothing was asked yet");
  const expected = ["", "dst port 443", "not src 10.0.0.1", "port 22", "host 10.9.9.9"].map((filter) => [filter, gathered(sessions, filter)]);
  gathered(sessions, "");
  for (const [filter, [alone, together]] of expected) {
    assert.deepEqual(together, alone, `together, of \`${filter}\``);
    assert.deepEqual(narrowed(filter), alone, `of \`${filter}\``);
    assert.deepEqual(leader.narrowed(questions("exposure"), filter), { exposure: alone.exposure });
  }
  for (const filter of ["denied", "rule web", "src port 50001", "bytes > 40", "time >= 2024-05-01T09:30Z"]) {
    assert.equal(narrowed(filter), undefined, filter);
  }
  assert.equal(leader.narrowed(questions("scans"), "tcp"), undefined);
  assert.equal(leader.narrowed(JSON.stringify([{ analysis: "findings", parameters: { one_way_tries: 1 } }]), "tcp"), undefined);
  assert.throws(() => narrowed("tcp and"), /expected/);
  leader.start("more.json", 9);
  leader.push(log(4, 5));
  leader.finish();
  leader.settle();
  assert.equal(narrowed("tcp"), undefined, "more was read");
});
