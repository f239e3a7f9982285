import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';

/** How another program is run. */
export interface Running {
  /** Added to a plain environment: nothing of ours is inherited but PATH, HOME and the time zone. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables of ours that it also gets, by the beginning of their names. */
  readonly inherit?: readonly string[];
  /** What to call it when it fails. */
  readonly as?: string;
  /** Who runs it, where we are root; a name or number. */
  readonly user?: string | null;
  readonly timeoutMs?: number;
  /** Texts that must not come back in an error. */
  readonly secrets?: readonly string[];
}

/** A program ended otherwise than well. */
export class ProgramFailed extends Error {
  constructor(
    message: string,
    readonly code: number | null,
    readonly said: string,
  ) {
    super(message);
  }
}

const PLAIN = ['PATH', 'HOME', 'TZ', 'TMPDIR', 'SSL_CERT_FILE', 'LANG'];
const DAY_MS = 86_400_000;
const MAX_OUTPUT = 50_000_000;
const MAX_SAID = 1_500;

/**
 * Runs a program to its end. It dies with us, also when we are killed: what it would go on writing is
 * swept by the next run. Secrets go by the environment or by files; arguments are seen by everybody.
 *
 * @returns what it wrote to its standard output
 * @throws ProgramFailed
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  running: Running = {},
): Promise<string> {
  const { env = {}, inherit = [], user = null, secrets = [] } = running;
  const name = running.as ?? program.split('/').at(-1) ?? program;
  const mine = Object.entries(process.env).filter(
    ([key]) => PLAIN.includes(key) || inherit.some((prefix) => key.startsWith(prefix)),
  );
  const become = user === null ? [] : ['--reuid', user, '--regid', user, '--clear-groups'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...become, '--', program, ...args], {
    // PostgreSQL's programs say what is wrong in words that are looked for.
    env: { ...Object.fromEntries(mine), LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: running.timeoutMs ?? DAY_MS,
    killSignal: 'SIGKILL',
    cwd: '/',
  });
  let [out, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (out.length < MAX_OUTPUT) out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = `${said}${chunk}`.slice(-20_000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new ProgramFailed(`${name} cannot be run: ${error.code}`, null, '');
  });
  if (code === 0) return out;
  // pgBackRest says on its standard output what is wrong.
  const words = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), said || out).trim();
  const end = words.slice(-MAX_SAID);
  throw new ProgramFailed(`${name}: ${end || `ended with ${code ?? 'a signal'}`}`, code, words);
}

/** Runs a program on a data folder as the folder's owner: PostgreSQL refuses root. */
export async function runOnData(
  data: string,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { uid } = statSync(data);
  if (process.getuid?.() !== 0) return runProgram(program, args);
  if (uid !== 0) return runProgram(program, args, { user: String(uid) });
  // Root's own folder: inside a namespace root is not root to PostgreSQL.
  const inside = ['-U', '--map-user=1000', '--map-group=1000', program, ...args];
  return runProgram('unshare', inside, { as: program.split('/').at(-1) ?? program });
}
