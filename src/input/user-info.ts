/** The scheme, where slashes follow it, and the slashes; parsers pass over them, and take backslashes for them. */
const START = /^(?:[a-z][a-z0-9+.-]*:(?=[\\/]))?[\\/\s]*/i;

/** Whether an address holds a user name or password: what ends with an `@` before the path, or holds a `:` before an `@`. */
export function hasUserInfo(address: string): boolean {
  if (!address.includes("@")) return false;
  const [place = ""] = address.split(/[?#]/);
  return /^[^\\/]*@|:.*@/s.test(place.replace(START, ""));
}

/** More colons than these are in no address that anybody meant. */
const MOST_READINGS = 10;

/** Every reading of a password in the user information of an address, however it is written, and its decoded form. */
export function passwordsIn(address: string): string[] {
  const end = address.lastIndexOf("@");
  if (end < 0) return [];
  const info = address.slice(0, end).replace(START, "");
  const readings = [...info.matchAll(/:/g)].slice(0, MOST_READINGS).map(({ index }) => info.slice(index + 1));
  return readings.flatMap((reading) => [reading, decoded(reading)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
