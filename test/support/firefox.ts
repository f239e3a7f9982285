import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian's package `firefox-esr`; no browser is downloaded. */
const FIREFOX = '/usr/bin/firefox-esr';
const START_MS = 60_000;

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly error?: string;
  readonly message?: string;
  readonly result?: Record<string, unknown>;
}

/**
 * A real Firefox, headless, with a profile of its own that goes when it is closed, driven by WebDriver
 * BiDi over Node's own WebSocket. All that it asks of the web goes to one proxy on this machine.
 */
export class Firefox {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer);
    });
  }

  /** @throws Error when Firefox is not installed: a missing tool is a failure */
  static async open(proxyPort: number): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'ofitec-firefox-'));
    const lines = Object.entries(preferences(proxyPort)).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join('\n'));
    const args = [
      '--headless',
      '--no-remote',
      '--profile',
      profile,
      '--remote-debugging-port',
      '0',
    ];
    // Firefox refuses a home that is another user's.
    const child = spawn(FIREFOX, args, { env: { ...process.env, HOME: profile } });
    const url = await addressOf(child);
    const socket = new WebSocket(`${url}/session`);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error(`${url} does not answer.`)));
    });
    const firefox = new Firefox(child, profile, socket);
    await firefox.ask('session.new', {
      capabilities: { alwaysMatch: { acceptInsecureCerts: true } },
    });
    return firefox;
  }

  /** Opens a page in a tab of its own, runs a script there once it has loaded, and closes it. */
  async visit(url: string, script: string): Promise<unknown> {
    const { context } = await this.ask('browsingContext.create', { type: 'tab' });
    await this.ask('browsingContext.navigate', { context, url, wait: 'complete' });
    const said = await this.ask('script.evaluate', {
      ...{ expression: script, target: { context }, awaitPromise: true },
    });
    await this.ask('browsingContext.close', { context });
    const { type, result } = said as { type: string; result?: { value?: unknown } };
    if (type !== 'success') throw new Error(`The script failed: ${JSON.stringify(said)}`);
    return result?.value;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.socket.close();
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private async ask(method: string, params: object): Promise<Record<string, unknown>> {
    const id = (this.last += 1);
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    this.waiting.delete(id);
    if (answer.type !== 'success') throw new Error(`${method}: ${answer.error} ${answer.message}`);
    return answer.result ?? {};
  }
}

/** Where it listens, as it says when it starts. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => fail('took too long'), START_MS);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`Firefox ${why}: ${output}`));
    };
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /listening on (ws:\S+)/.exec(output);
      if (!found?.[1]) return;
      clearTimeout(timer);
      resolve(found[1]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}

function preferences(port: number): Record<string, string | number | boolean> {
  return {
    'network.proxy.type': 1,
    ...{ 'network.proxy.ssl': '127.0.0.1', 'network.proxy.ssl_port': port },
    ...{ 'network.proxy.http': '127.0.0.1', 'network.proxy.http_port': port },
    // Otherwise Firefox holds reports back.
    'dom.reporting.delivering.timeout': 1,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.enabled': false,
    'app.update.disabledForTesting': true,
  };
}
