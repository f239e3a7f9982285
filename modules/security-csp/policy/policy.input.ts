import { BooleanField, ChoiceField, IntegerField, TextField, WordsField } from '#kernel';
import { RESOLUTIONS } from './resolution.entity.js';
import type { ResolutionKind } from './resolution.entity.js';

const SLUG = /^[a-z0-9][a-z0-9-]*$/;
const MAX_POLICY = 8_000;

export class CreatePolicy {
  @TextField({ max: 60, pattern: SLUG, description: 'slug of the app' })
  app!: string;

  @TextField({
    max: MAX_POLICY,
    description: 'as in the header; `report-uri` and `report-to` are added when it is emitted',
  })
  policy!: string;
}

export class EnforcePolicy {
  @IntegerField({ min: 1, max: 100, optional: true, description: 'of a hundred visitors; 100' })
  percent?: number;

  @WordsField({
    ...{ maxItems: 4, max: 20, optional: true },
    description: 'gates that are passed over: observed, month-end, canary, quiet; needs a reason',
  })
  waive?: string[];

  @TextField({ max: 500, optional: true })
  reason?: string;
}

export class RollBackPolicy {
  @TextField({ max: 500, description: 'why' })
  reason!: string;
}

export class ResolveGroup {
  @ChoiceField(RESOLUTIONS, {
    description: 'its hashes, a nonce of the application, the whole scheme, or to refuse it',
  })
  how!: ResolutionKind;

  @WordsField({
    ...{ maxItems: 20, max: 100, optional: true },
    description: 'of the inline texts: sha256-…, sha384-… or sha512-… in base64',
  })
  hashes?: string[];

  @TextField({ max: 500 })
  reason!: string;
}

export class MatchQuestion {
  @TextField({ max: MAX_POLICY, min: 0, description: 'a policy as in the header' })
  policy!: string;

  @TextField({ max: 2_000, description: 'the page, an absolute URL' })
  pageUrl!: string;

  @TextField({ max: 60, pattern: /^[A-Za-z-]+$/, description: 'such as script-src-elem' })
  directive!: string;

  @TextField({
    ...{ max: 20_000, min: 0 },
    description: 'a URL, or as reports say: inline, eval, wasm-eval, data, blob …',
  })
  url!: string;

  @TextField({ max: 200, optional: true, description: 'of the element' })
  nonce?: string;

  @WordsField({
    ...{ maxItems: 20, max: 100, optional: true },
    description: 'of inline text, or of `integrity`: sha256-…',
  })
  hashes?: string[];

  @BooleanField({ optional: true, description: 'whether the script stands in the markup; true' })
  parserInserted?: boolean;

  @BooleanField({ optional: true, description: 'whether it was redirected there' })
  redirected?: boolean;
}
