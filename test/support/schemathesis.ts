import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Operation } from './documented.js';
import { fieldOfKind, kindOfPath } from './kinds.js';
import { run } from './process.js';

const REQUIREMENTS = join('test', 'ops', 'fuzz-requirements.txt');
const CONFIG = join('test', 'ops', 'fuzz.toml');

/** One run of schemathesis against a server. */
export interface Fuzzing {
  readonly url: string;
  readonly token: string | null;
  readonly operations: readonly Pick<Operation, 'operationId' | 'path'>[];
  /** A record of each kind, so that not every id is one that nobody has. */
  readonly records: Readonly<Record<string, string>>;
  /** Some of `examples,coverage,fuzzing,stateful`. */
  readonly phases: string;
  /** Random requests per operation, beside those that cover every bound. */
  readonly examples: number;
  readonly seed: number;
}

/** One request and its answer, and which checks it failed. */
export interface Shot {
  /** `GET /api/v1/base/users/{id}`, as the document writes it. */
  readonly operation: string;
  readonly request: string;
  readonly status: number;
  readonly answer: string;
  readonly faults: readonly { code: string; message: string }[];
}

/**
 * Installs schemathesis from PyPI into a folder of its own, each package by its hash; once per
 * state of the list.
 *
 * @returns its program
 * @throws Error with pip's output when that fails: a missing tool is a failure
 */
export async function installSchemathesis(): Promise<string> {
  const mark = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = resolve('node_modules', '.cache', `schemathesis-${mark}`);
  const done = join(folder, 'installed');
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    await demand('python3', ['-m', 'venv', folder]);
    const strict = ['--require-hashes', '--only-binary', ':all:', '-r', REQUIREMENTS];
    await demand(join(folder, 'bin', 'pip'), ['install', '--quiet', ...strict]);
    writeFileSync(done, '');
  }
  return join(folder, 'bin', 'st');
}

/** Every request that schemathesis made. @throws Error when it did not come to its end */
export async function fuzz(program: string, fuzzing: Fuzzing): Promise<Shot[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-fuzz-'));
  const report = join(folder, 'report.ndjson');
  const config = join(folder, 'fuzz.toml');
  const { url, token, operations, phases, examples, seed } = fuzzing;
  try {
    writeFileSync(config, `${readFileSync(CONFIG, 'utf8')}\n${idsOf(fuzzing)}`);
    const { code, output } = await run(program, [
      ...['--no-color', '--config-file', config, 'run', `${url}/openapi.json`],
      ...(token === null ? [] : ['--header', `Authorization: Bearer ${token}`]),
      ...operations.flatMap(({ operationId }) => ['--include-operation-id', operationId]),
      ...['--phases', phases, '--max-examples', String(examples), '--seed', String(seed)],
      // One worker: Python 3.11 counts the depth of its parser across threads, and trips over it.
      ...['--workers', '1', '--report-ndjson-path', report],
    ]).end();
    // 1 means that a check failed; which one, the report says.
    if (code !== 0 && code !== 1) throw new Error(`schemathesis ended with ${code}:\n${output}`);
    return await shotsOf(report, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where ids belong, most of them are of a record that is there; the rest is made up. */
function idsOf({ operations, records }: Fuzzing): string {
  const bind = (kind: string): string => `{ dictionary = "${kind}", probability = 0.7 }`;
  const fields = Object.keys(records).flatMap((kind) => [
    `"body.${fieldOfKind(kind)}" = ${bind(kind)}`,
    `"body.lines[*].${fieldOfKind(kind)}" = ${bind(kind)}`,
  ]);
  const paths = operations.flatMap(({ operationId, path }) => {
    const kind = kindOfPath(path) ?? '';
    if (!path.includes('{id}') || !records[kind]) return [];
    const which = `include-operation-id = "${operationId}"`;
    return [`[[operations]]`, which, `parameters = { "path.id" = ${bind(kind)} }`];
  });
  return [
    ...Object.entries(records).map(([kind, id]) => `[dictionaries.${kind}]\nvalues = ["${id}"]`),
    ...['[parameters]', ...fields, ...paths],
  ].join('\n');
}

async function demand(command: string, args: string[]): Promise<void> {
  const { code, output } = await run(command, args).end();
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
}

interface Recorder {
  readonly cases: Readonly<Record<string, { value: { method: string; path: string } }>>;
  readonly interactions?: Readonly<Record<string, Interaction>>;
  readonly checks?: Readonly<Record<string, readonly Check[]>>;
}

interface Interaction {
  readonly request: { method: string; uri: string; body?: { $base64: string } | null };
  readonly response: { status_code: number; content?: { $base64: string } | null } | null;
}

interface Check {
  readonly failure_info?: { failure: { code: string; message: string } };
}

async function shotsOf(report: string, output: string): Promise<Shot[]> {
  const shots: Shot[] = [];
  let isEnded = false;
  for await (const line of createInterface({ input: createReadStream(report) })) {
    const event = JSON.parse(line) as Record<string, { recorder?: Recorder }>;
    if ('FatalError' in event || 'NonFatalError' in event) throw new Error(line.slice(0, 5_000));
    isEnded ||= 'EngineFinished' in event;
    const recorder = event['ScenarioFinished']?.recorder;
    if (!recorder?.interactions) continue;
    shots.push(
      ...Object.entries(recorder.interactions).map(([id, each]) => shotOf(recorder, id, each)),
    );
  }
  if (!isEnded) throw new Error(`schemathesis did not come to its end:\n${output}`);
  return shots;
}

function shotOf({ cases, checks }: Recorder, id: string, { request, response }: Interaction): Shot {
  const of = cases[id]?.value;
  const failures = (checks?.[id] ?? []).flatMap(({ failure_info: info }) => info?.failure ?? []);
  return {
    operation: of ? `${of.method} ${of.path}` : request.uri,
    request: `${request.method} ${request.uri.slice(0, 300)} ${textOf(request.body).slice(0, 500)}`,
    status: response?.status_code ?? 0,
    answer: textOf(response?.content),
    faults: failures.map(({ code, message }) => ({ code, message })),
  };
}

function textOf(content: { $base64: string } | null | undefined): string {
  return Buffer.from(content?.$base64 ?? '', 'base64').toString('utf8');
}
