import * as z from "zod/mini";
import { matching, schema } from "../../text/json.ts";
import { text } from "../method.ts";

/** A ready-made secret. */
export const Token = schema(() => z.strictObject({ token: text() }));

/** A person's way to sign in. */
export const UserAndPassword = schema(() => z.strictObject({ username: text(), password: text() }));

/** A client's way to sign in. */
export const ClientPair = schema(() => z.strictObject({ "client-id": text(), "client-secret": text() }));

/** The secret in a handle, whose state another step may have changed. */
export const Secret = () => matching(/.{8}/s);

/** A number in a handle. */
export const Digits = () => matching(/^[1-9]\d*$/);
