import * as Store from "@mcpgw/store/Store"
import * as Layer from "effect/Layer"
import { Ratings } from "../src/Ratings.ts"
import { ratingsSuite } from "./suites/ratingsSuite.ts"

ratingsSuite("layerMemory", () => Ratings.layerMemory)
ratingsSuite("layerSql, SQLite", () => Layer.provide(Ratings.layerSql, Store.layerMemory))
