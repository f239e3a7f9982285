import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../failover/dns/ask.js';
import { writeSecretFile } from '../render/secret-file.js';
import type { Document } from '../vault/kv.js';
import { userOf, withLogin } from './database-url.js';
import { DocumentTurn, step } from './document-turn.js';
import type { Ground } from './document-turn.js';
import type { Journal } from './journal.js';
import type { Logins } from './logins.js';
import { Voice, Watch } from './patience.js';
import type { DbRotation } from './rotations.config.js';
import { newPassword } from './scram.js';

const LOOK_MS = 500;
const CANARY_SECONDS = 300;

/**
 * Two logins of the application take turns. The new one is tried before anybody gets it; the old one
 * ends when nobody has used it for a while: no request is refused in between.
 */
export class DbTurn extends DocumentTurn {
  readonly secret = 'db';
  protected readonly before = [
    step('SET', 'the new login has its verifier', (journal) => this.set(journal)),
    step('TESTED', 'the new login was tried', (journal) => this.test(journal)),
    step('STAGED', 'the canary has the new login', (journal) => this.stage(journal)),
    step('CANARY', 'the canary works with it', (journal) => this.watchCanary(journal)),
  ];
  protected readonly after = [
    step('DRAINED', 'nobody is connected with the old login', (journal) => this.drain(journal)),
    step('RETIRED', 'the old login is refused', (journal) => this.retire(journal)),
  ];
  protected readonly make = newPassword;
  constructor(
    private readonly config: DbRotation,
    ground: Ground,
    private readonly logins: Pick<Logins, keyof Logins>,
  ) {
    super(ground, config.key);
  }

  async look(): Promise<{ from: string; to: string }> {
    const from = userOf(await this.value());
    const [first, second] = this.config.roles;
    const to = from === first ? second : first;
    await this.logins.demandPlain(to, this.config.member);
    return { from, to };
  }

  protected async takeBack({ to }: Journal): Promise<void> {
    await this.logins.close(to);
  }

  /** The logins have names: who has the new one's has it all. */
  protected override async isPromoted({ to }: Journal): Promise<boolean> {
    return userOf(await this.value()) === to;
  }

  protected promoted(document: Document, next: string, { from, to }: Journal): object {
    const url = this.valueOf(document);
    if (![from, to].includes(userOf(url))) {
      throw new Error(`${this.ground.path} names neither ${from} nor ${to}: look who wrote it.`);
    }
    return { [this.key]: withLogin(url, to, next) };
  }

  private async set({ id, to }: Journal): Promise<void> {
    if (userOf(await this.value()) === to) throw new Error(`${to} is in use: it is not changed.`);
    await this.logins.demandPlain(to, this.config.member);
    await this.logins.open(to, await this.pending.of(id));
  }

  private async test(journal: Journal): Promise<void> {
    if (await this.logins.mayLogIn(await this.nextUrl(journal))) return;
    throw new Error(`${journal.to} is refused, although it has its password.`);
  }

  private async stage(journal: Journal): Promise<void> {
    const { canary } = this.config;
    if (canary) writeSecretFile(canary.file, await this.nextUrl(journal));
  }

  /** The canary is a process of the house that reads its own file: ready, and connected as the new login. */
  private async watchCanary({ to }: Journal): Promise<Record<string, string>> {
    const { canary } = this.config;
    if (!canary) return { canary: 'none' };
    const [waiting, voice] = [new Watch(), new Voice(this.ground.report)];
    for (;;) {
      const ready = await isReady(canary.readyUrl);
      if (ready && (await this.logins.sessionsOf(to)) > 0) return { canary: 'ready' };
      waiting.look();
      const state = ready ? `is ready without ${to}` : `does not answer at ${canary.readyUrl}`;
      if (waiting.seconds > CANARY_SECONDS) {
        throw new Error(`The canary ${state}. See to it, and --resume; or --abort.`);
      }
      voice.waits(`the canary ${state} yet`);
      await sleep(LOOK_MS);
    }
  }

  /** Waits until the old login has had no connection for the grace. */
  private async drain({ from, to }: Journal): Promise<void> {
    const { drainSeconds, graceSeconds } = this.config;
    const [waiting, quiet] = [new Watch(), new Watch()];
    const voice = new Voice(this.ground.report);
    for (;;) {
      const sessions = await this.logins.sessionsOf(from);
      waiting.look();
      if (sessions > 0) quiet.reset();
      else quiet.look();
      if (sessions === 0 && quiet.seconds >= graceSeconds) return;
      if (waiting.seconds > drainSeconds + graceSeconds) {
        throw new Error(
          `${sessions} connections of ${from} do not end: some host has not rendered ${to} yet. ` +
            'Render there, and --resume.',
        );
      }
      const what = sessions > 0 ? `${sessions} connections of ${from}` : `nobody uses ${from}`;
      voice.waits(sessions > 0 ? `${what} are left` : `${what} for ${graceSeconds} s`);
      await sleep(LOOK_MS);
    }
  }

  private async retire({ from, notes }: Journal): Promise<void> {
    if (userOf(await this.value()) === from) throw new Error(`${from} is in use: it is not ended.`);
    await this.logins.close(from);
    const before = await this.ground.kv.read(this.ground.path, Number(notes['version']) - 1);
    const url = before?.data[this.key];
    if (typeof url === 'string' && userOf(url) === from && (await this.logins.mayLogIn(url))) {
      throw new Error(`${from} is still let in.`);
    }
  }

  private async nextUrl({ id, to }: Journal): Promise<string> {
    return withLogin(await this.value(), to, await this.pending.of(id));
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await ask(url, { timeoutMs: 5_000 })).status === 200;
  } catch {
    return false;
  }
}
