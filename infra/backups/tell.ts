import { hostname } from 'node:os';
import { ask } from '../failover/dns/ask.js';
import { spoolAlert } from '../secrets/alert-spool.js';
import type { BackupPlan, Door } from './config.js';

/** What is told of: each an alert `backup.missing` of its own. */
export type Concern = 'dump' | 'physical' | 'offsite' | 'restore-test';

const TIMEOUT_MS = 10_000;

/**
 * Tells the ERP how something stands: by its spool on this host, and by its source over HTTP. The ERP
 * may be away; a backup never fails for want of somebody to tell.
 */
export async function tell(
  plan: BackupPlan,
  { concern, good, label }: { concern: Concern; good: boolean; label: string },
): Promise<void> {
  const alert = { type: 'backup.missing', key: `${hostname()}:${concern}` } as const;
  const short = label.slice(0, 200);
  spoolAlert(plan.alertSpool, { ...alert, good, label: short });
  if (plan.signal) await post(plan.signal, { ...alert, good, label: short });
}

/** A sign of life of a heartbeat: its absence becomes `backup.missing` by itself. */
export async function ping(door: Door | null): Promise<void> {
  if (door) await post(door, null);
}

async function post({ url, token }: Door, body: object | null): Promise<void> {
  try {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    };
    const question = { method: 'POST', headers, timeoutMs: TIMEOUT_MS } as const;
    const sent = body ? { ...question, body: JSON.stringify(body) } : question;
    const { status } = await ask(url, sent);
    if (status >= 300) throw new Error(`answered ${status}`);
  } catch (error) {
    process.stderr.write(`The ERP could not be told: ${(error as Error).message}\n`);
  }
}
