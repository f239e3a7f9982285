import { hkdfSync } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Injectable } from '@nestjs/common';
import { businessDay, Clock, Config, kernelConfig, networkOf } from '#kernel';
import type { Arrival, ConfigValues } from '#kernel';
import { AppDirectoryService } from '../app/app-directory.service.js';
import { cspConfig } from '../security-csp.config.js';
import { Allowance } from './allowance.js';
import { Backlog, witness } from './backlog.js';
import type { Belonging, Pending, Tally } from './backlog.js';
import { browserOf } from './browser.js';
import { observe } from './observation.js';
import type { Observation } from './observation.js';
import { redact } from './redact.js';
import { hash32, Sketch } from './sketch.js';
import { readBody } from './violation.js';
import type { Reading, ScriptHash, Violation } from './violation.js';

/** What an unread body counts as: so many bytes are one report. */
const REPORT_BYTES = 5_000;
const MAX_REPORTERS = 20_000;
const MAX_SLUGS = 200;

/** What the address says beside the slug: `?v=12&d=enforce`. */
interface Address {
  readonly version: number | null;
  readonly disposition: 'enforce' | 'report' | null;
}

/** What all reports of one request share. */
interface Envelope extends Belonging, Address {
  readonly nowMs: number;
  readonly ip: string | null;
  readonly userAgent: string;
}

/**
 * Takes reports while their senders wait: reads, redacts and counts them to groups in memory.
 * Nothing here waits for anything; {@link Backlog} is stored by somebody else.
 */
@Injectable()
export class CollectorService {
  readonly backlog: Backlog;
  private readonly allowance: Allowance;
  private readonly config: ConfigValues<typeof cspConfig>;
  private readonly salt: string;
  private reporters = new Map<string, number>();
  private slugs = new Set<string>();
  private day = { name: '', untilMs: 0 };
  private wake: () => void = () => {};

  constructor(
    private readonly directory: AppDirectoryService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.config = config.of(cspConfig);
    const { CSP_IP_REPORT_RATE: ofOne, CSP_REPORT_RATE: ofAll } = this.config;
    this.allowance = new Allowance(ofOne.perMinute, ofAll.perMinute);
    this.backlog = new Backlog(this.config.CSP_BACKLOG_GROUPS);
    const { SECRET_KEY = '' } = config.of(kernelConfig);
    this.salt = Buffer.from(
      hkdfSync('sha256', SECRET_KEY, '', 'ofitec security-csp.reporters', 16),
    ).toString('base64url');
  }

  /** Whoever stores is told that there is something to store. */
  onArrival(wake: () => void): void {
    this.wake = wake;
  }

  /** Storing begins a new turn: slugs that are asked for are counted anew. */
  beginTurn(): void {
    this.slugs = new Set();
  }

  /** Takes what was sent for an app. Never fails for what it holds. */
  take(slug: string, { body, query, ip, userAgent }: Arrival): void {
    const nowMs = this.clock.now().getTime();
    const of = { slug, day: this.dayOf(nowMs) };
    this.wake();
    if (this.isUnclaimed(slug)) return this.note({ ...of, slug: '' }, 'unclaimed', 1);
    const network = networkOf(ip);
    const least = Math.max(1, Math.ceil((body?.length ?? 0) / REPORT_BYTES));
    if (this.allowance.spend(network, least, nowMs) < least) return this.note(of, 'limited', least);
    const reading = body && readBody(body.toString());
    if (!reading) return this.note(of, 'unreadable', 1);
    const found = reading.violations.length + reading.hashes.length;
    const granted =
      found <= least ? found : least + this.allowance.spend(network, found - least, nowMs);
    if (granted < found) this.note(of, 'limited', found - granted);
    if (reading.ignored > 0) this.note(of, 'unreadable', reading.ignored);
    this.keep(reading, granted, { ...of, ...addressOf(query), nowMs, ip, userAgent });
  }

  private keep({ violations, hashes }: Reading, granted: number, envelope: Envelope): void {
    const read = violations.slice(0, granted);
    for (const violation of read) this.count(violation, envelope);
    for (const found of hashes.slice(0, granted - read.length)) this.countHash(found, envelope);
  }

  private count(violation: Violation, envelope: Envelope): void {
    const { slug, day, version, nowMs } = envelope;
    const observation = observe(violation);
    const disposition = violation.disposition ?? envelope.disposition ?? 'report';
    const { document } = observation;
    const key = `${day}\n${slug}\n${version ?? observation.policyHash}\n${disposition}\n${observation.directive}\n${observation.blockedKind}\n${observation.blockedOrigin}\n${observation.sourceOrigin}\n${document.origin ?? document.scheme}`;
    const browser = browserOf(violation.userAgent || envelope.userAgent);
    const { policyHash } = observation;
    const pending = this.backlog.count({ key, policyHash, at: nowMs }, () => ({
      ...{ key, slug, day, version, disposition, count: 1, firstAt: nowMs, lastAt: nowMs },
      ...observation,
      ...{ pages: new Sketch(), reporters: new Sketch(), browsers: new Set<string>() },
      sample: this.sampleOf(violation, observation, browser),
    }));
    if (!pending) return this.note(envelope, 'dropped', 1);
    witness(pending, document.hash, this.reporterOf(envelope.ip, browser), browser);
  }

  private countHash(found: ScriptHash, envelope: Envelope): void {
    const { slug, day } = envelope;
    const [url, document] = [redact(found.url), redact(found.document)];
    const kept = {
      hash: found.hash,
      destination: /^[a-z]{1,20}$/.test(found.destination) ? found.destination : 'script',
      url: url && 'origin' in url ? url.url : 'inline:',
      document: document && 'origin' in document ? document.url : '',
    };
    if (!this.backlog.countHash({ slug, day }, kept)) this.note(envelope, 'dropped', 1);
  }

  /** One report as it may be kept: no query, no address, the code only where that is switched on. */
  private sampleOf(
    violation: Violation,
    observation: Observation,
    browser: string,
  ): Pending['sample'] {
    const source = redact(violation.source);
    const referrer = redact(violation.referrer);
    return {
      document: observation.document.url,
      directive: observation.directive,
      blocked: observation.blockedUrl ?? observation.blockedOrigin ?? observation.blockedKind,
      source: source && ('url' in source ? source.url : `${source.scheme}:`),
      line: violation.line,
      column: violation.column,
      status: violation.status,
      referrer: referrer && ('origin' in referrer ? referrer.origin : null),
      browser,
      sample: violation.sample.slice(0, this.config.CSP_SAMPLE_CHARACTERS) || null,
    };
  }

  /** A slug that no app has, or one too many of those that are not known yet. */
  private isUnclaimed(slug: string): boolean {
    if (this.slugs.has(slug)) return false;
    if (this.slugs.size >= MAX_SLUGS || this.directory.isUnknown(slug)) return true;
    this.slugs.add(slug);
    return false;
  }

  /** Who reports, as far as it may be told: the shortened address and the browser, salted. */
  private reporterOf(ip: string | null, browser: string): number {
    const whom = `${shortened(ip)} ${browser}`;
    const known = this.reporters.get(whom);
    if (known !== undefined) return known;
    const reporter = hash32(`${this.salt} ${whom}`);
    if (this.reporters.size >= MAX_REPORTERS) this.reporters = new Map();
    this.reporters.set(whom, reporter);
    return reporter;
  }

  /** The business day, looked up once a second. */
  private dayOf(nowMs: number): string {
    if (nowMs >= this.day.untilMs || nowMs < this.day.untilMs - 1_000) {
      this.day = { name: businessDay(new Date(nowMs)), untilMs: nowMs - (nowMs % 1_000) + 1_000 };
    }
    return this.day.name;
  }

  private note({ slug, day }: Belonging, kind: keyof Tally, count: number): void {
    this.backlog.note({ slug, day }, kind, count);
  }
}

/** An IPv4 address without its last byte, the /48 of an IPv6 one. */
function shortened(ip: string | null): string {
  const address = ip?.startsWith('::ffff:') ? ip.slice(7) : (ip ?? '');
  if (isIPv4(address)) return address.slice(0, address.lastIndexOf('.'));
  return networkOf(ip).split(':').slice(0, 3).join(':');
}

function addressOf(query: string): Address {
  const version = /(?:^|&)v=([1-9]\d{0,8})(?:&|$)/.exec(query)?.[1];
  const disposition = /(?:^|&)d=(enforce|report)(?:&|$)/.exec(query)?.[1];
  return {
    version: version === undefined ? null : Number(version),
    disposition: (disposition ?? null) as Address['disposition'],
  };
}
