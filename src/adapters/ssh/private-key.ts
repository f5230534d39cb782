import ssh2 from 'ssh2';

/** Why a private key can't be used to log in; `null`: it can. `text`: the content of its file. */
export function objectionToKey(text: string): string | null {
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error)
    return parsed.message.includes('passphrase') ? 'it has a passphrase' : 'it is no private key';
  const [key] = [parsed].flat();
  return key?.isPrivateKey() === true ? null : 'it is no private key';
}
