import type { Taken } from './backlog.js';

/** Groups that one transaction stores: few enough for a moment, enough to be worth one. */
const CHUNK = 500;

/** What of one app and day is stored at once. */
export interface Part extends Taken {
  readonly slug: string;
  readonly day: string;
}

/** Divides what was taken by app and day, and that into pieces. */
export function partsOf(taken: Taken): Part[] {
  const byBelonging = new Map<string, { -readonly [K in keyof Taken]: [...Taken[K]] }>();
  const placeOf = ({ slug, day }: { slug: string; day: string }) => {
    const key = `${day}\n${slug}`;
    const place = byBelonging.get(key) ?? { groups: [], hashes: [], tallies: [] };
    byBelonging.set(key, place);
    return place;
  };
  for (const group of taken.groups) placeOf(group).groups.push(group);
  for (const found of taken.hashes) placeOf(found).hashes.push(found);
  for (const tally of taken.tallies) placeOf(tally).tallies.push(tally);
  return [...byBelonging].flatMap(([key, { groups, hashes, tallies }]) => {
    const [day = '', slug = ''] = key.split('\n');
    const parts: Part[] = [];
    for (let at = 0; at < groups.length || at === 0; at += CHUNK) {
      const isFirst = at === 0;
      parts.push({
        ...{ slug, day, groups: groups.slice(at, at + CHUNK) },
        hashes: isFirst ? hashes : [],
        tallies: isFirst ? tallies : [],
      });
    }
    return parts;
  });
}
