import { isRMSNormError, RMSNormError } from '@rmsnorm/core';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the file system or ulimit -f allows',
  EMFILE: 'too many files are open (ulimit -n)',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'symbolic links in a circle',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder',
  EPIPE: 'its reader has closed it',
  // As Windows may say it of a pipe.
  EOF: 'its reader has closed it',
  EBUSY: 'another program has it open',
  ESTALE: 'the network file system has lost the file',
  ETXTBSY: 'the file is in use',
  EXDEV: 'it is on another file system',
};

/** An error of the operating system as an RMSNormError. An RMSNormError is returned as it is. */
export function fileError(error: unknown, action: string): Error {
  if (isRMSNormError(error)) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code !== 'string') return error instanceof Error ? error : new Error(String(error));
  const reason = REASONS[code];
  return new RMSNormError('INVALID_FILE', `cannot ${action}: ${reason ? `${reason} (${code})` : code}`, {
    cause: error,
  });
}
