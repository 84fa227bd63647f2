// Why a folder cannot be the data folder, as a sentence that names it and what to do.

import { ServerError } from '../../../errors.js';

const CHOOSE_ANOTHER = 'choose another folder with --data';

/** Whether a call failed because the file system does not have what it is for. */
export function isUnsupported(code: string | undefined): boolean {
  return code !== undefined && UNSUPPORTED.has(code);
}

const UNSUPPORTED: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/** @param feature  in the plural, e.g. "hard links" */
export function missingFeature(folder: string, feature: string, cause: NodeJS.ErrnoException): ServerError {
  const message = `${folder} cannot be the data folder: its file system has no ${feature} (${cause.code}), ${CHOOSE_ANOTHER}`;
  return new ServerError('fatal', message, { cause });
}

/** For any other failure of the file system. */
export function unusableFolder(folder: string, cause: NodeJS.ErrnoException): ServerError {
  switch (cause.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ServerError(
        'storage_full',
        `the data folder ${folder} cannot be used: the disk is full, free some space`,
        {
          cause,
        },
      );
    case 'EROFS':
      return unusable(folder, 'its file system is read-only', cause);
    case 'EACCES':
      return unusable(folder, 'this process may not write in it', cause);
    case 'ENOTDIR':
      return unusable(folder, 'a file stands where a folder should be', cause);
    default:
      return unusable(folder, cause.message, cause);
  }
}

export function unusable(folder: string, reason: string, cause?: unknown): ServerError {
  return new ServerError('fatal', `${folder} cannot be the data folder: ${reason}, ${CHOOSE_ANOTHER}`, { cause });
}
