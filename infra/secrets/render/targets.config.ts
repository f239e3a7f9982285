import type { Fields } from '../../failover/dns/fields.js';

/** A file of its own for one secret, which a variable `<KEY>_FILE` names. */
interface FileTarget {
  readonly key: string;
  readonly file: string;
}

/** What is rendered, and where. What is not named here is not rendered. */
export interface Targets {
  /** One file of `KEY='value'` lines. */
  readonly env: { readonly file: string; readonly keys: readonly string[] } | null;
  readonly files: readonly FileTarget[];
}

const KEY = /^[A-Z][A-Z0-9_]{0,63}$/;
/** Variables with which whoever writes the secret would run code of theirs. */
const RUNS_CODE =
  /^(PATH|ENV|IFS|SHELL|HOME|PS4|PROMPT_COMMAND|EDITOR|VISUAL|PAGER|(NODE|NPM|BASH|LD|DYLD|PYTHON|PERL|RUBY|JAVA|GIT|SSH|GCONV|MALLOC|OPENSSL|SSL)(_.*)?|GLIBC_TUNABLES|HTTPS?_PROXY|ALL_PROXY|OFITEC_ADDONS)$/;

export function readTargets(fields: Fields): Targets {
  const env = fields.one('env');
  const file = env.text('file', '-');
  const keys = env.texts('keys', true);
  for (const key of keys) demandKey(env, 'keys', key);
  if ((file === '-') !== (keys.length === 0))
    env.fault('keys', 'go with a file, and a file with keys');
  const files = fields.many('files', 0).map((each) => {
    const target = { key: each.text('key'), file: each.text('file') };
    demandKey(each, 'key', target.key);
    return target;
  });
  const places = [...files.map((each) => each.file), ...(file === '-' ? [] : [file])];
  if (new Set(places).size < places.length) fields.fault('files', 'must each be another file');
  if (places.length === 0) fields.fault('env', 'or files must name what is rendered');
  return { env: file === '-' ? null : { file, keys }, files };
}

function demandKey(fields: Fields, name: string, key: string): void {
  if (!KEY.test(key)) fields.fault(name, `holds "${key}", which is no name of a variable`);
  else if (RUNS_CODE.test(key)) {
    fields.fault(name, `holds ${key}, with which whoever writes the secret could run code`);
  }
}
