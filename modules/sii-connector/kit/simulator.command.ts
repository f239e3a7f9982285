import { once } from 'node:events';
import { setInterval } from 'node:timers';
import { businessDay } from '#kernel';
import type { CommandReport, StandaloneCommand } from '#kernel';
import { isPartnerFault, PARTNER_FAULTS } from './faults.js';
import type { PartnerFault } from './faults.js';
import type { PartnerSimulator } from './simulator.js';

type Options = Readonly<Record<string, string | undefined>>;

const FAULTS = Object.keys(PARTNER_FAULTS).join(', ');

/** Plays a partner until it is interrupted, and says what it was asked. */
export const simulatorCommand: StandaloneCommand = {
  name: 'simulator',
  summary: 'play a partner to try connectors out with, faults and all; Ctrl-C ends it',
  options: {
    '--port [port]': 'of this machine; 8790 when left out',
    '--faults [faults]': `what goes wrong with the next submissions, in turn, between commas: ${FAULTS}`,
    '--slow-ms [ms]': 'how long a slow answer takes; 5000 when left out',
    '--file-every [seconds]': 'files one return that it took, every so often',
    '--webhook-url [url]': 'where it tells of it: …/sii-connector/connectors/<id>/webhook',
    '--webhook-secret [secret]': 'what it signs with, whsec_… and base64',
  },
  failureExitCode: 1,
  async runAlone(_desk, options) {
    const faults = faultsOf(options['faults']);
    const webhooks = webhooksOf(options);
    const port = numberOf(options, 'port', 8790, 65_535);
    const slowMs = numberOf(options, 'slowMs', 5_000, 600_000);
    const seconds = numberOf(options, 'fileEvery', 0, 86_400);
    // Loaded where it is wanted: no house in operation plays a partner.
    const { PartnerSimulator: Simulator } = await import('./simulator.js');
    const tell = (line: string): void => void process.stderr.write(`${line}\n`);
    const simulator = await Simulator.open({ port, slowMs, tell });
    simulator.faults.push(...faults);
    simulator.webhooks = webhooks;
    tell(`a partner at http://${simulator.host}: name its host in SII_PARTNER_HOSTS`);
    tell('statuses of its connector: {"recibida": "accepted", "presentada": "filed"}');
    const filing = seconds > 0 ? fileEvery(simulator, seconds) : undefined;
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    clearInterval(filing);
    await simulator.close();
    return reportOf(simulator);
  },
};

function fileEvery(simulator: PartnerSimulator, seconds: number): NodeJS.Timeout {
  let folio = 7_000_000_000;
  return setInterval(() => {
    const waiting = [...simulator.taken.values()].find(({ isFiled }) => !isFiled);
    if (!waiting) return;
    folio += 1;
    simulator.file(String(folio), businessDay(new Date()), waiting.key);
  }, seconds * 1_000);
}

function reportOf({ taken, posts }: PartnerSimulator): CommandReport {
  const all = [...taken.values()].map(({ key, externalId, isFiled, folio = '' }) => ({
    ...{ key, externalId, filed: isFiled ? 'yes' : 'no', folio },
  }));
  const lines = all.map(({ externalId, key, folio }) => `${externalId.padEnd(8)} ${key} ${folio}`);
  return {
    exitCode: 0,
    lines: [`asked ${posts} times, took ${all.length}`, ...lines],
    json: { asked: posts, taken: all },
  };
}

/** @throws Error that names the faults there are */
function faultsOf(given = ''): PartnerFault[] {
  const names = given.split(',').filter((name) => name !== '');
  return names.map((name) => {
    if (isPartnerFault(name)) return name;
    throw new Error(`--faults knows no ${name}; there are ${FAULTS}`);
  });
}

/** @throws Error when one comes without the other */
function webhooksOf(options: Options): PartnerSimulator['webhooks'] {
  const { webhookUrl: url, webhookSecret: secret } = options;
  if (url === undefined && secret === undefined) return null;
  if (url === undefined || secret === undefined) {
    throw new Error('--webhook-url and --webhook-secret come together');
  }
  if (!URL.canParse(url)) throw new Error(`--webhook-url is an address: ${url}`);
  return { url, secret };
}

/** @throws Error when it is no whole number, or too large */
function numberOf(options: Options, name: string, fallback: number, max: number): number {
  const text = options[name] ?? String(fallback);
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text);
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new Error(`--${flag} is a whole number up to ${max}: ${text}`);
}
