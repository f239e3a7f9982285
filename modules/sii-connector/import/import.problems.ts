import { defineProblem } from '#kernel';

export const FileRefused = defineProblem({
  code: 'sii-connector.file-refused',
  status: 422,
  title: {
    es: 'El archivo tiene errores; no se guardó nada de él',
    en: 'The file has errors; nothing of it was stored',
  },
});

export const FileTooLarge = defineProblem({
  code: 'sii-connector.file-too-large',
  status: 413,
  title: {
    es: 'El archivo es más grande de lo que permite SII_IMPORT_MAX_MEGABYTES',
    en: 'The file is larger than SII_IMPORT_MAX_MEGABYTES allows',
  },
});

export const FileCutOff = defineProblem({
  code: 'sii-connector.file-cut-off',
  status: 400,
  title: { es: 'El archivo no llegó entero', en: 'The file did not arrive as a whole' },
});
