import { join } from 'node:path';
import { OFITEC, writeShims } from '../playbook.js';
import type { Block } from '../playbook.js';
import type { Ended } from '../process.js';
import type { AppName } from './apps.js';
import { MEMBERS } from './cluster.js';
import type { HaLab } from './lab.js';

/** Runs what a playbook says on a host of the lab, as a person would at a shell. */
export async function follow(
  lab: HaLab,
  { host, text }: Block,
  app: AppName = 'app1',
): Promise<Ended> {
  const leader = await lab.cluster.whole();
  const [sync = ''] = await lab.cluster.syncStandbys();
  const node = MEMBERS.find((member) => member !== leader && member !== sync) ?? 'pg1';
  const where = host === 'app' ? app : node;
  const root = join(lab.folder, where);
  // An installer was given a folder of its own for each host; a person's host has one.
  const here = text.replaceAll(/(?<=[\s"=]|^)\/(?=(?:etc|usr\/local\/lib)\/ofitec\/)/g, `${root}/`);
  return lab.network.tell(where, 'bash', ['-eu', '-c', here], {
    env: {
      PATH: `${shims(lab, root)}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      ETCD: MEMBERS.map((member) => `${lab.network.addressOf(member)}:2379`).join(','),
      ...{ LIDER: leader, SINCRONA: sync, NODO: node, DATOS: join(root, 'data') },
    },
  });
}

/** Programs of a person's host that are elsewhere here; `systemctl` asks the lab, which plays it. */
function shims(lab: HaLab, root: string): string {
  const as = 'setpriv --reuid=postgres --regid=postgres --init-groups';
  return writeShims(root, {
    patronictl: [`exec env LC_ALL=C.UTF-8 ${as} ${lab.cluster.patronictlProgram} "$@"`],
    ofitec: [OFITEC],
    systemctl: [
      'case "$1 $2" in',
      `  "stop ofitec-patroni") wish=${root}/stop ;;`,
      `  "start ofitec-patroni") wish=${root}/start ;;`,
      `  "start ofitec-etcd") wish=${root}/start-etcd ;;`,
      '  *) echo "nobody plays: $*" >&2; exit 1 ;;',
      'esac',
      'touch "$wish"',
      'while [ -e "$wish" ]; do sleep 0.1; done',
    ],
  });
}
