/** Returns a random UUID, version 4. */
export function uuid(): string {
  // Browsers offer randomUUID on secure origins only; plain http must be counted too.
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  let index = 0;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (digit) => {
    const byte = bytes[index >> 1]!;
    const nibble = index++ & 1 ? byte & 15 : byte >> 4;
    return (digit === "y" ? (nibble & 3) | 8 : nibble).toString(16);
  });
}
