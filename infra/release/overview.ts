import { COLOURS } from './config.js';
import type { Colour } from './config.js';
import type { GateVerdict } from './gate.js';
import type { Desk } from './release.js';
import { weightsOf } from './standing.js';

/** How a release stands, for programs. */
interface Facts {
  readonly live: Colour;
  readonly share: number;
  readonly previous: Colour | null;
  /** What is or was under way. */
  readonly verb: string | null;
  /** Whether an act was begun and its process is gone. */
  readonly cutShort: boolean;
  readonly busy: boolean;
  readonly colours: readonly ColourFacts[];
  readonly proxies: readonly {
    readonly name: string;
    readonly file: string;
    readonly follows: boolean;
  }[];
}

interface ColourFacts {
  readonly colour: Colour;
  readonly weight: number;
  readonly ready: boolean;
  readonly release: string | null;
  readonly gate: GateVerdict;
  readonly openRequests: number | null;
}

/** Asks everybody how the release stands; changes nothing. */
export async function overview(desk: Desk): Promise<{ facts: Facts; lines: string[] }> {
  const standing = await desk.memory.read();
  const weights = weightsOf(standing);
  const shares = { weights, generation: standing.generation };
  const colours = await Promise.all(
    COLOURS.map(async (colour) => ({
      ...{ colour, weight: weights[colour] },
      ...(await desk.find(colour)),
      gate: (await desk.gate?.verdict(colour)) ?? ('unknown' as const),
      openRequests: await desk.openRequests(colour),
    })),
  );
  const proxies = await Promise.all(
    desk.proxies.map(async (proxy) => ({
      ...{ name: proxy.name, file: proxy.file },
      follows: await proxy.follows(shares),
    })),
  );
  const busy = desk.memory.holder() !== null;
  const isOpen = standing.before !== null || standing.verb !== null;
  const { live, share, previous, verb } = standing;
  const facts = { live, share, previous, verb, busy, cutShort: isOpen && !busy, colours, proxies };
  return { facts, lines: linesOf(facts) };
}

function linesOf(facts: Facts): string[] {
  const rows = facts.colours.map(({ colour, weight, ready, release, gate, openRequests }) => [
    colour,
    `${weight} %`,
    ready ? 'ready' : 'not ready',
    `release ${release ?? 'unknown'}`,
    `gate ${gate}`,
    `open requests ${openRequests ?? 'unknown'}`,
  ]);
  const widths = [0, 1, 2, 3, 4].map((n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return [
    `${facts.live} is live${facts.busy ? `, ${facts.verb ?? 'an act'} is under way` : ''}`,
    ...rows.map((row) =>
      row
        .map((cell, n) => cell.padEnd((widths[n] ?? 0) + 2))
        .join('')
        .trimEnd(),
    ),
    ...facts.proxies.map(
      ({ name, file, follows }) =>
        `${name} ${follows ? 'does as it should' : 'does not do as it should, or does not answer'} (${file})`,
    ),
    ...(facts.cutShort
      ? [
          `${facts.verb ?? 'The first act'} was cut short or never done: \`ofitec release apply\` mends it, canary or rollback go on from there.`,
        ]
      : []),
  ];
}
