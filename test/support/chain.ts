import { runAsHouse } from '#kernel';
import { BlockStore } from '../../modules/audit/chain/block-store.js';
import { SealService } from '../../modules/audit/chain/seal.service.js';
import { inWords } from '../../modules/audit/chain/findings.js';
import { VerifyService } from '../../modules/audit/chain/verify.service.js';
import type { Anchor } from '../../modules/audit/chain/verify.service.js';
import { CutService } from '../../modules/audit/cut/cut.service.js';
import type { House } from './house.js';

/** Seals what is settled in the first company. @returns the tip, `NUMBER:HASH` */
export async function seal(house: House): Promise<string> {
  return inCompany(house, async () => {
    const { number, hash } = await house.app.get(SealService, { strict: false }).sealedTip();
    return `${number}:${hash.toString('hex')}`;
  });
}

/** What a verification finds in the first company, in words. */
export async function verify(house: House, anchor?: string): Promise<string[]> {
  const [number, hash = ''] = anchor?.split(':') ?? [];
  const anchors: Anchor[] = anchor ? [{ number: Number(number), hash }] : [];
  return inCompany(house, async () => {
    const verifier = house.app.get(VerifyService, { strict: false });
    return (await verifier.verify(anchors)).findings.map(inWords);
  });
}

/** What cuts the log. */
export function cutter(house: House): CutService {
  return house.app.get(CutService, { strict: false });
}

async function inCompany<T>(house: House, work: () => Promise<T>): Promise<T> {
  const [id = ''] = await house.app.get(BlockStore, { strict: false }).companies();
  return runAsHouse(id, 'test', work);
}
