/** Names, titles and descriptions, shortened, of real servers: those of LiveMCPBench (icip-cas/LiveMCPBench, Apache-2.0). */
export const REAL_SERVERS: ReadonlyArray<readonly [slug: string, title: string, description: string]> = [
  [
    "bing-cn-mcp",
    "Bing_CN_MCP",
    "一个基于 MCP (Model Context Protocol) 的中文必应搜索工具，可以直接通过 Claude 或其他支持 MCP 的 AI 来搜索必应并获取网页内容。"
  ],
  [
    "yahoo-finance",
    "MCP Yahoo Finance",
    "A Model Context Protocol (MCP) server for Yahoo Finance interaction. This server provides tools…"
  ],
  [
    "npm-sentinel-mcp",
    "NPM Sentinel MCP",
    "A powerful Model Context Protocol (MCP) server that revolutionizes NPM package analysis through…"
  ],
  [
    "hugeicons",
    "Hugeicons MCP Server",
    "This is a TypeScript-based MCP server that provides tools and resources for integrating…"
  ],
  [
    "opgg-mcp",
    "OP.GG MCP Server",
    "This MCP server provides AI agents with access to OP.GG data through a standardized interface.…"
  ],
  [
    "pdf-reader-mcp",
    "PDF Reader MCP Server",
    "Empower your AI agents (like Cline) with the ability to securely read and extract information…"
  ],
  [
    "howtocook-mcp",
    "HowToCook-MCP Server",
    "An MCP (Model Context Protocol) server based on Anduin2017/HowToCook, allowing AI assistants to…"
  ],
  [
    "biomcp",
    "BioMCP: Biomedical Model Context Protocol",
    "BioMCP is an open source (MIT License) toolkit that empowers AI assistants and agents with…"
  ],
  ["duckduckgo-search", "duckduckgo-search MCP Server", "A Model Context Protocol server for DuckDuckGo Search"],
  [
    "ygocdb",
    "Baige (ygocdb.com) MCP Server",
    "A server based on Model Context Protocol (MCP) for interacting with the Baige (ygocdb.com) API.…"
  ],
  [
    "image-extractor",
    "MCP Image Extractor",
    "MCP server for extracting and converting images to base64 for LLM analysis."
  ],
  ["trends-hub", "Trends Hub", "基于 Model Context Protocol (MCP) 协议的全网热点趋势一站式聚合服务"],
  [
    "osm-mcp-server",
    "OpenStreetMap (OSM) MCP Server",
    "An OpenStreetMap MCP server implementation that enhances LLM capabilities with location-based…"
  ],
  [
    "sequential-thinking",
    "Sequential Thinking MCP Server",
    "An MCP server implementation that provides a tool for dynamic and reflective problem-solving…"
  ],
  [
    "Bazi",
    "Bazi MCP (八字 MCP) by Cantian AI",
    "Unlock precise Bazi insights with the Bazi MCP, the first AI-powered Bazi calculator. Built to…"
  ],
  [
    "maven-deps-server",
    "Maven Dependencies MCP Server",
    "An MCP (Model Context Protocol) server that provides tools for checking Maven dependency…"
  ],
  [
    "met-museum",
    "Met Museum MCP Server",
    "A Model Context Protocol (MCP) server that provides access to the Metropolitan Museum of Art…"
  ],
  [
    "mcp-github-trending",
    "mcp-github-trending MCP Server",
    "A MCP server that provides access to GitHub trending repositories and developers data through a…"
  ],
  [
    "searxng",
    "Simple Document Processing MCP Server",
    "A powerful Model Context Protocol (MCP) server providing comprehensive document processing…"
  ],
  ["mcp-server-chart", "MCP Server Chart", "A Model Context Protocol server for generating charts using AntV."],
  [
    "wuwa-mcp",
    "鸣潮 MCP Server",
    "一个 Model Context Protocol (MCP) 服务器，用于获取《鸣潮》游戏的角色和声骸信息，并以 Markdown 格式返回，方便大型语言模型使用。"
  ],
  [
    "yfmcp",
    "Yahoo Finance MCP Server",
    "A simple MCP server for Yahoo Finance using yfinance. This server provides a set of tools to…"
  ],
  [
    "wikipedia",
    "Wikipedia MCP Server",
    "A Model Context Protocol (MCP) server that retrieves information from Wikipedia to provide…"
  ],
  ["okppt", "MCP OKPPT Server", "一个基于Model Context Protocol…"],
  [
    "time",
    "Time MCP Server",
    "A Model Context Protocol server that provides time and timezone conversion capabilities. This…"
  ],
  ["kospi-kosdaq", "kospi-kosdaq-stock-server", "An MCP server that provides KOSPI/KOSDAQ stock data using FastMCP."],
  [
    "mermaid-validator",
    "MCP Server: Mermaid Validator",
    "A Model Context Protocol server that validates and renders Mermaid diagrams. This server…"
  ],
  [
    "playwright",
    "Playwright MCP Server",
    "A Model Context Protocol server that provides browser automation capabilities using Playwright.…"
  ],
  [
    "investor",
    "investor-agent: A Financial Analysis MCP Server",
    "The investor-agent is a Model Context Protocol (MCP) server that provides comprehensive…"
  ],
  [
    "coin-flip",
    "MCP Server LeetCode",
    "A Model Context Protocol (MCP) server for LeetCode that enables AI assistants to access…"
  ],
  [
    "youtube-transcript",
    "YouTube Transcript Server",
    "A Model Context Protocol server that enables retrieval of transcripts from YouTube videos. This…"
  ],
  [
    "datagov",
    "Data.gov MCP Server",
    "An MCP server for accessing data from Data.gov, providing tools and resources for interacting…"
  ],
  ["airbnb", "Airbnb MCP Server", "MCP Server for searching Airbnb and get listing details."],
  [
    "memory",
    "Knowledge Graph Memory Server",
    "A basic implementation of persistent memory using a local knowledge graph. This lets Claude…"
  ],
  [
    "hackernews",
    "Hacker News MCP Server",
    "Official Hacker News MCP Server - Adds powerful Hacker News integration to Cursor, Claude, and…"
  ],
  [
    "ppt",
    "Office-PowerPoint-MCP-Server",
    "A comprehensive MCP (Model Context Protocol) server for PowerPoint manipulation using…"
  ],
  [
    "calculator",
    "Calculator MCP Server",
    "A Model Context Protocol server for calculating. This server enables LLMs to use calculator for…"
  ],
  [
    "Ant Design Components",
    "Ant Design Components MCP Service",
    "A Model Context Protocol (MCP) server that provides Ant Design component documentation to large…"
  ],
  [
    "Context7",
    "Context7 MCP - Up-to-date Code Docs For Any Prompt",
    "Context7 MCP pulls up-to-date, version-specific documentation and code examples straight from…"
  ],
  [
    "text-editor",
    "MCP Text Editor Server",
    "A Model Context Protocol (MCP) server that provides line-oriented text file editing…"
  ],
  [
    "mcp-crypto-price",
    "Crypto Price & Market Analysis MCP Server",
    "A Model Context Protocol (MCP) server that provides comprehensive cryptocurrency analysis using…"
  ],
  [
    "weather",
    "MCP Weather Free",
    "A Model Context Protocol (MCP) server that provides weather data using the free Open-Meteo API.…"
  ],
  [
    "fetch",
    "Fetch MCP Server",
    "A Model Context Protocol server that provides web content fetching capabilities. This server…"
  ],
  [
    "taskmanager",
    "MCP TaskManager",
    "Model Context Protocol server for Task Management. This allows Claude Desktop (or any MCP…"
  ],
  [
    "sitemap",
    "Sitemap MCP Server",
    "Discover website architecture and analyze site structure by fetching, parsing, and visualizing…"
  ],
  [
    "git",
    "mcp-server-git: A git MCP server",
    "A Model Context Protocol server for Git repository interaction and automation. This server…"
  ],
  [
    "painter",
    "Drawing MCP Server",
    "A Model Context Protocol (MCP) server that provides drawing capabilities for AI assistants."
  ],
  ["magicuidesign_mcp", "magicuidesign_mcp", "Official ModelContextProtocol (MCP) server for Magic UI."],
  [
    "word-document-server",
    "Office-Word-MCP-Server",
    "A Model Context Protocol (MCP) server for creating, reading, and manipulating Microsoft Word…"
  ],
  [
    "random-number",
    "Random Number MCP",
    "Essential random number generation utilities from the Python standard library, including…"
  ],
  [
    "mindmap",
    "Mindmap MCP Server",
    "A Model Context Protocol (MCP) server for converting Markdown content to interactive mindmaps."
  ],
  ["web3-research-mcp", "Web3 Research MCP", "Deep Research for crypto - free & fully local 🧠"],
  [
    "basic-memory",
    "Basic Memory",
    "Basic Memory lets you build persistent knowledge through natural conversations with Large…"
  ],
  [
    "docker-mcp",
    "docker-mcp",
    "A powerful Model Context Protocol (MCP) server for Docker operations, enabling seamless…"
  ],
  [
    "12306-mcp",
    "12306-mcp",
    "A 12306 ticket search server based on the Model Context Protocol (MCP). The server provides a…"
  ],
  [
    "shadcn-ui-server",
    "shadcn-ui MCP Server",
    "This is a TypeScript-based MCP server that provides reference information for shadcn/ui…"
  ],
  [
    "desktop-commander",
    "Desktop Commander MCP",
    "Work with code and text, run processes, and automate tasks, going far beyond other AI editors -…"
  ],
  [
    "puppeteer",
    "Puppeteer",
    "A Model Context Protocol server that provides browser automation capabilities using Puppeteer.…"
  ],
  [
    "MetaTagGenie",
    "MetaTag Genie",
    "MetaTag Genie 是一个 macOS Stdio MCP 服务，专为写入图片元数据以增强 Spotlight 搜索而设计。该服务可被 AI…"
  ],
  [
    "npx_fetch",
    "MCP NPX Fetch",
    "A powerful MCP server for fetching and transforming web content into various formats (HTML,…"
  ],
  [
    "exchange-rate-mcp",
    "Exchange Rate MCP Server",
    "This is a Model Context Protocol (MCP) server that provides access to exchange rate data from…"
  ],
  [
    "filesystem",
    "Filesystem MCP Server",
    "Node.js server implementing Model Context Protocol (MCP) for filesystem operations."
  ],
  [
    "arxiv-mcp-server",
    "ArXiv MCP Server",
    "The ArXiv MCP Server provides a bridge between AI assistants and arXiv's research repository…"
  ],
  ["chess", "MCP Chess Server", "This MCP let's you play chess against any LLM."],
  ["whois", "Whois MCP", "Model Context Protocol server for whois lookups."],
  ["excel", "Excel MCP Server", "A Model Context Protocol (MCP) server that reads and writes MS Excel data."],
  [
    "mcp-deepwiki",
    "Deepwiki MCP Server",
    "This is an unofficial Deepwiki MCP Server It takes a Deepwiki URL via MCP, crawls all relevant…"
  ],
  [
    "music-analysis",
    "MCP Music Analysis",
    "This repository contains a Model Context Provider (MCP) that uses MCP and librosa for audio…"
  ],
  ["mcp-simple-arxiv", "mcp-simple-arxiv", "An MCP server that provides access to arXiv papers through their API."],
  [
    "Asset_Price_MCP",
    "Asset Price MCP Server (asset-price-mcp)",
    "A Model Context Protocol server for retrieving and displaying current asset price information.…"
  ]
]
