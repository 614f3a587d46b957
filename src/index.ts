export { main } from "./main.ts";
export { post } from "./post.ts";
