import { until } from '../until.js';
import { holder, primary } from './fault.js';
import type { Fault } from './fault.js';
import type { HaLab } from './lab.js';
import type { MemberName } from './cluster.js';
import { DECIDERS } from './names.js';
import { converges, powerOff } from './site-faults.js';
import { OBSERVERS } from './watch.js';

const WATCHERS = [...OBSERVERS, ...DECIDERS];

/** A wall clock that jumps by ten minutes while programs run, ahead and back. */
export const CLOCK_FAULTS: readonly Fault[] = ([600, -600] as const).flatMap((seconds): Fault[] => {
  const words = seconds > 0 ? 'ten minutes ahead' : 'ten minutes behind';
  return [
    {
      ...{ name: `clock of the primary jumps ${words}` },
      ...{ expect: 'serves on', paySeconds: 15, lastsSeconds: 15 },
      inject: async (lab) => {
        const member = await primary(lab);
        lab.clocks.set(member, seconds);
        await until('PostgreSQL lives in another time', async () => (await offset(lab, member)) === seconds); // prettier-ignore
        return () => lab.clocks.set(member, 0);
      },
    },
    {
      ...{ name: `clock of the OFITEC host jumps ${words}` },
      ...{ expect: 'serves on', paySeconds: 5, lastsSeconds: 15 },
      inject: (lab) => {
        const app = holder(lab);
        lab.clocks.set(app, seconds);
        return () => lab.clocks.set(app, 0);
      },
    },
    {
      ...{ name: `clocks of observers and deciders jump ${words}`, expect: 'serves on' },
      ...{ paySeconds: 5, lastsSeconds: 15 },
      inject: (lab) => setAll(lab, seconds),
    },
    {
      ...{ name: `site A dead while the deciders’ clocks are ${words}`, expect: 'payments wait' },
      ...{ paySeconds: null, lastsSeconds: 25, flips: 1 },
      inject: (lab) => {
        const said = (): string =>
          DECIDERS.map((each) => lab.names.programOf(each).output).join('');
        const refused = (): number => said().split('The key was refused: BADTIME').length;
        const before = refused();
        const right = setAll(lab, seconds);
        const mend = powerOff(lab);
        return converges(lab, right, mend, () => {
          // The name server refuses the signature (RFC 8945), and the deciding one says why.
          return refused() > before ? '' : `No BADTIME: ${said().slice(-3_000)}`;
        });
      },
    },
  ];
});

function setAll(lab: HaLab, seconds: number): () => void {
  for (const each of WATCHERS) lab.clocks.set(each, seconds);
  return () => {
    for (const each of WATCHERS) lab.clocks.set(each, 0);
  };
}

/** Seconds by which a member's PostgreSQL is ahead of this machine. */
async function offset(lab: HaLab, member: MemberName): Promise<number> {
  const told = await lab.cluster.sql(member, 'SELECT extract(epoch FROM clock_timestamp())');
  return Math.round((Number(told) - Date.now() / 1_000) / 60) * 60;
}
