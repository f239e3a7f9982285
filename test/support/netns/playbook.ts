import { join } from 'node:path';
import { OFITEC, writeShims } from '../playbook.js';
import type { Block } from '../playbook.js';
import type { Ended } from '../process.js';
import type { AppName } from './apps.js';
import { MEMBERS } from './cluster.js';
import type { MemberName } from './cluster.js';
import type { HaLab } from './lab.js';

/** Runs what a playbook says on a host of the lab that is whole, as a person would at a shell. */
export async function follow(
  lab: HaLab,
  { host, text }: Block,
  app: AppName = 'app1',
): Promise<Ended> {
  const leader = await lab.cluster.whole();
  const [sync = ''] = await lab.cluster.syncStandbys();
  const node = MEMBERS.find((member) => member !== leader && member !== sync) ?? 'pg1';
  const facts = { LIDER: leader, SINCRONA: sync, NODO: node };
  return followAt(lab, text, host === 'app' ? app : node, facts);
}

/** The same on a certain host, with the words that a person fills in. */
export async function followAt(
  lab: HaLab,
  text: string,
  where: AppName | MemberName,
  facts: Readonly<Record<string, string>>,
): Promise<Ended> {
  const root = join(lab.folder, where);
  // An installer was given a folder of its own for each host; a person's host has one.
  const here = text.replaceAll(/(?<=[\s"=]|^)\/(?=(?:etc|usr\/local\/lib)\/ofitec\/)/g, `${root}/`);
  return lab.network.tell(where, 'bash', ['-eu', '-c', here], {
    env: {
      PATH: `${shims(lab, root)}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      ETCD: MEMBERS.map((member) => `${lab.network.addressOf(member)}:2379`).join(','),
      DATOS: join(root, 'disk/data'),
      ...facts,
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
      'verb=$1; shift',
      'case $verb in stop | start) verbs=$verb ;; restart) verbs="stop start" ;; *) echo "nobody plays $verb" >&2; exit 1 ;; esac',
      'for verb in $verbs; do for unit in "$@"; do',
      '  case $unit in ofitec-etcd | ofitec-patroni | ofitec-guard) ;; *) echo "nobody plays $unit" >&2; exit 1 ;; esac',
      `  touch "${root}/$verb-$unit"; while [ -e "${root}/$verb-$unit" ]; do sleep 0.1; done`,
      'done; done',
    ],
  });
}
