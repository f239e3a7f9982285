import { defineEvent } from '#kernel';
import type { ImportKind } from './import.entity.js';

/** What every event of an import carries. */
export interface ImportFacts {
  readonly importId: string;
  readonly kind: ImportKind;
  /** `YYYYMM`; null where the documents are of several periods. */
  readonly period: string | null;
  readonly sha256: string;
}

export const ImportCompleted = defineEvent<
  ImportFacts & { documents: number; imported: number; changed: number; skipped: number }
>({
  name: 'import.completed',
  version: 1,
  summary: 'a file was taken into the tax ledger as a whole',
});

export const ImportRefused = defineEvent<ImportFacts & { errors: number; codes: string[] }>({
  name: 'import.refused',
  version: 1,
  summary: 'a file was not taken into the tax ledger, because of faults in it',
});
